package agent

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// fakeNode is the state of the fake Cassandra; what is exported outlives it.
type fakeNode struct {
	mu                       sync.Mutex
	file                     string
	address, datacenter, mod string
	native                   bool
	quiet                    bool // doesn't gossip
	queries                  bool // it writes the log of all queries
	setUp                    int  // refusals to open the port that are left
	repairs                  map[string][]string
	fails                    string // a keyspace whose sstables nothing can be done with
	leaves                   string // what a decommission comes to: its end, "window" before it, "stuck" in its streams; alone it is refused

	HostID    string
	Tokens    []string
	Keyspaces map[string]map[string]string
	Roles     map[string]fakeRole
	Schema    int      // changes so far
	Streamed  []string // keyspaces that a rebuild remembers
	Asked     []string // operations on sstables
	Bootstrap string   // state
}

type fakeRole struct{ Super, Login, Hash string }

func loadNode(file string, config map[string]any, args []string) *fakeNode {
	n := &fakeNode{file: file, mod: "NORMAL", native: config["start_native_transport"] != false, address: fmt.Sprint(config["listen_address"])}
	data, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(data, n)
	}
	if err != nil {
		n.HostID, n.Bootstrap = strings.ToLower(rand.Text()), "COMPLETED"
		n.Tokens = strings.Split(fmt.Sprint(config["initial_token"]), ",")
		n.Roles = map[string]fakeRole{}
		n.Keyspaces = map[string]map[string]string{"system": {"class": "LocalStrategy"}}
		for name, rf := range map[string]string{"system_auth": "1", "system_distributed": "3", "system_traces": "2"} {
			n.Keyspaces[name] = map[string]string{"class": "org.apache.cassandra.locator.SimpleStrategy", "replication_factor": rf}
		}
	}
	_, _ = fmt.Sscan(property(args, "fake.setup"), &n.setUp) // 0 if there is none
	n.fails, n.leaves = property(args, "fake.fails"), property(args, "fake.leaves")
	if n.Bootstrap == "DECOMMISSIONED" {
		fmt.Println("Exception (org.apache.cassandra.exceptions.ConfigurationException) encountered during startup: This node was decommissioned and will not rejoin the ring unless cassandra.override_decommission=true has been set, or all existing data is removed and the node is bootstrapped again")
		os.Exit(3)
	}
	rackdc, _ := os.ReadFile(strings.TrimPrefix(property(args, "cassandra-rackdc.properties"), "file://")) // no file, no datacenter
	n.datacenter = strings.TrimPrefix(strings.Split(string(rackdc), "\n")[0], "dc=")
	local := filepath.Join(property(args, "cassandra.storagedir"), "data", "system", "local-1")
	if err = os.MkdirAll(local, 0o700); err == nil {
		err = os.WriteFile(filepath.Join(local, "nb-1-big-Data.db"), nil, 0o600)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(5)
	}
	n.save()
	return n
}

func (n *fakeNode) save() {
	data, err := json.Marshal(n)
	if err == nil {
		err = os.WriteFile(n.file+".part", data, 0o600)
	}
	if err == nil { // in one step: a signal ends this process at any time
		err = os.Rename(n.file+".part", n.file)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(5)
	}
}

func (n *fakeNode) attributes() map[string]any {
	tokens := map[string]string{}
	for _, t := range n.Tokens {
		tokens[t] = n.address
	}
	return map[string]any{
		"OperationMode": n.mod, "NativeTransportRunning": n.native, "GossipRunning": !n.quiet, "BootstrapState": n.Bootstrap, "CurrentStreams": n.streams(), "PendingHints": n.hints(), "FullQueryLogEnabled": n.queries, "Compactions": []map[string]string{{"id": "c1", "taskType": "Compaction"}}, "ReleaseVersion": "5.0.9", "ClusterName": "fake",
		"LiveNodes": []string{n.address}, "UnreachableNodes": []string{}, "JoiningNodes": []string{}, "LeavingNodes": []string{}, "MovingNodes": []string{},
		"LoadMap": map[string]string{n.address: "117.38 KiB"}, "EndpointToHostId": map[string]string{n.address: n.HostID}, "TokenToEndpointMap": tokens,
		"Keyspaces": slices.Collect(maps.Keys(n.Keyspaces)), "NonLocalStrategyKeyspaces": []string{"system_auth"},
		"SchemaVersions": map[string][]string{n.version(): {n.address}},
	}
}

func (n *fakeNode) operation(name string, args []any) (any, error) {
	switch name {
	case "drain":
		n.mod, n.native = "DRAINED", false
	case "enableFullQueryLogger", "stopFullQueryLogger":
		n.queries = name == "enableFullQueryLogger"
	case "setLoggingLevel", "deleteAllHints", "deleteAllHintsForEndpoint", "reloadLocalSchema", "resetLocalSchema":
		n.Asked = append(n.Asked, fmt.Sprint(name, args))
	case "stopGossiping":
		n.quiet = true
	case "startNativeTransport", "stopNativeTransport":
		if n.setUp--; n.setUp >= 0 {
			return nil, errors.New("java.lang.IllegalStateException : setup() must be called first for CassandraDaemon")
		}
		n.native = name == "startNativeTransport"
	case "effectiveOwnershipWithPort":
		return map[string]float64{"/" + n.address + ":7000": 1}, nil
	case "rebuild":
		skipped := n.Streamed
		n.Streamed = []string{"shop"} // a part of it, if it fails
		if args[0] != n.datacenter {
			return nil, fmt.Errorf("java.lang.IllegalArgumentException : Provided datacenter '%v' is not a valid datacenter, available datacenters are: %s; skipped %v", args[0], n.datacenter, skipped)
		}
	case "repairAsync":
		return n.repair(args)
	case "getParentRepairStatus":
		return n.repairs[fmt.Sprint(args[0])], nil
	case "forceKeyspaceCleanup":
		return 0, nil
	case "forceKeyspaceCompaction", "forceKeyspaceCompactionForTokenRange", "forceUserDefinedCompaction", "scrub", "garbageCollect", "forceKeyspaceFlush",
		"upgradeSSTables", "loadNewSSTables", "reloadSslCertificates", "checkCertificates":
		return n.sstables(name, args)
	case "decommission":
		return nil, n.decommission()
	case "move":
		n.Tokens = []string{fmt.Sprint(args[0])}
	case "reloadSeeds":
		return []string{}, nil
	default:
		return nil, fmt.Errorf("no such operation: %s", name)
	}
	return nil, nil
}

// hints are those of a node that leaves.
func (n *fakeNode) hints() []map[string]string {
	if n.leaves == "" {
		return []map[string]string{}
	}
	return []map[string]string{{"host_id": "away", "total_files": "1"}}
}

func (n *fakeNode) decommission() error {
	switch n.leaves {
	case "":
		return errors.New("java.lang.UnsupportedOperationException : no other normal nodes in the ring; decommission would be pointless")
	case "stuck":
		n.mod = "LEAVING"
	case "window":
		n.mod, n.Bootstrap = "LEAVING", "NEEDS_BOOTSTRAP"
	default:
		n.mod, n.native, n.Bootstrap = "DECOMMISSIONED", false, "DECOMMISSIONED"
	}
	return nil
}

// streams is what Jolokia makes of Cassandra's composite data.
func (n *fakeNode) streams() []map[string]any {
	if n.mod != "LEAVING" {
		return []map[string]any{}
	}
	session := map[string]any{
		"peer": "10.0.0.2", "state": "STREAMING", "receivingSummaries": []any{}, "receivingFiles": []any{},
		"sendingSummaries": []any{map[string]any{"tableId": "t", "files": 2, "totalSize": 400}, map[string]any{"tableId": "u", "files": 1, "totalSize": 100}},
		"sendingFiles":     []any{map[string]any{"currentBytes": 40, "totalBytes": 200}},
	}
	return []map[string]any{{"planId": "p1", "description": "Unbootstrap", "sessions": []any{session}}}
}

// sstables writes down what was asked for. Of the keyspace of -Dfake.fails some operations end with a number that isn't 0,
// others with an exception.
func (n *fakeNode) sstables(name string, args []any) (any, error) {
	n.Asked = append(n.Asked, fmt.Sprint(name, args))
	fails := slices.Contains(args, any(n.fails))
	switch name {
	case "scrub", "garbageCollect", "upgradeSSTables":
		if fails {
			return 2, nil
		}
		return 0, nil
	}
	if fails {
		return nil, errors.New("java.lang.RuntimeException : no space left on device")
	}
	return nil, nil
}

// repair ends at once; one of system_traces fails, one of the keyspace endless doesn't end, and one of a keyspace with one
// replica is none.
func (n *fakeNode) repair(args []any) (int, error) {
	options, _ := args[1].(map[string]any)
	k := n.Keyspaces[fmt.Sprint(args[0])]
	switch {
	case k == nil:
		return 0, fmt.Errorf("java.lang.IllegalArgumentException : Unknown keyspace %v", args[0])
	case options["incremental"] != "false" || options["parallelism"] != "parallel":
		return 0, fmt.Errorf("java.lang.IllegalArgumentException : options %v", options)
	case k["replication_factor"] == "1" || k[n.datacenter] == "1":
		return 0, nil
	}
	if n.repairs == nil {
		n.repairs = map[string][]string{}
	}
	number := len(n.repairs) + 1
	n.repairs[strconv.Itoa(number)] = []string{"COMPLETED", "Repair completed successfully"}
	if args[0] == "endless" {
		n.repairs[strconv.Itoa(number)] = []string{"IN_PROGRESS"}
	}
	if args[0] == "system_traces" {
		n.repairs[strconv.Itoa(number)] = []string{"FAILED", "Got negative replies from endpoints", "Endpoint not alive: /10.0.0.2:7000"}
	}
	return number, nil
}

var (
	literal        = `'((?:[^']|'')*)'`
	selectKeyspace = regexp.MustCompile(`^SELECT replication FROM system_schema\.keyspaces WHERE keyspace_name = ` + literal + `$`)
	putKeyspace    = regexp.MustCompile(`^(CREATE KEYSPACE IF NOT EXISTS|ALTER KEYSPACE) "(\w+)" WITH replication = \{'class': 'NetworkTopologyStrategy'((?:, ` + literal + `: \d+)+)\}$`)
	option         = regexp.MustCompile(literal + `: (\d+)`)
	insertRole     = regexp.MustCompile(`^INSERT INTO system_auth\.roles \(role, is_superuser, can_login, salted_hash\) VALUES \(` + literal + `, (true|false), (true|false), ` + literal + `\)$`)
	putIdentity    = regexp.MustCompile(`^INSERT INTO system_auth\.identity_to_role \(identity, role\) VALUES \(` + literal + `, ` + literal + `\)( USING TTL \d+)?$`)
	dropIdentity   = regexp.MustCompile(`^DELETE FROM system_auth\.identity_to_role WHERE identity = ` + literal + `$`)
	deleteRole     = regexp.MustCompile(`^DELETE FROM system_auth\.roles WHERE role = ` + literal + `$`)
	hashOfRole     = regexp.MustCompile(`^SELECT can_login, salted_hash FROM system_auth\.roles WHERE role = ` + literal + `$`)
	permissionsOf  = regexp.MustCompile(`^(SELECT resource|DELETE) FROM system_auth\.(role_permissions|role_members|network_permissions|cidr_permissions) WHERE role = ` + literal + `$`)
)

type rows []map[string]string

// cql knows the statements that the agent uses, letter by letter; what it
// answers is text as Cassandra's toCQLLiteral writes it.
func (n *fakeNode) cql(statement string) (any, error) {
	if m := selectKeyspace.FindStringSubmatch(statement); m != nil {
		return n.replication(m[1]), nil
	}
	if m := putKeyspace.FindStringSubmatch(statement); m != nil {
		return rows{}, n.putKeyspace(m[1], m[2], m[3])
	}
	if m := insertRole.FindStringSubmatch(statement); m != nil {
		n.Roles[unquote("'"+m[1]+"'")] = fakeRole{m[2], m[3], m[4]}
		return rows{}, nil
	}
	if putIdentity.MatchString(statement) || dropIdentity.MatchString(statement) {
		n.Asked = append(n.Asked, statement)
		return rows{}, nil
	}
	if m := deleteRole.FindStringSubmatch(statement); m != nil {
		delete(n.Roles, unquote("'"+m[1]+"'"))
		return rows{}, nil
	}
	switch {
	case statement == "SELECT table_name FROM system_schema.tables WHERE keyspace_name = 'system_traces'":
		return rows{{"table_name": "'events'"}, {"table_name": "'sessions'"}}, nil
	case strings.HasPrefix(statement, "SELECT table_name FROM system_schema.tables WHERE keyspace_name = '"):
		return rows{}, nil
	case strings.HasSuffix(statement, "FROM system.local"):
		return rows{{"cluster_name": "'ring'", "broadcast_address": quote(n.address), "data_center": quote(n.datacenter), "rack": "'rack1'", "host_id": n.HostID,
			"schema_version": n.version(), "release_version": "'5.0.9'"}}, nil
	case strings.HasSuffix(statement, "FROM system.peers_v2"):
		return rows{}, nil
	case statement == "SELECT keyspace_name FROM system.available_ranges_v2":
		all := rows{}
		for _, name := range n.Streamed {
			all = append(all, map[string]string{"keyspace_name": quote(name)})
		}
		return all, nil
	case strings.HasPrefix(statement, "DELETE FROM system.available_ranges_v2 WHERE keyspace_name = "):
		_, name, _ := strings.Cut(statement, " = ")
		n.Streamed = slices.DeleteFunc(n.Streamed, func(k string) bool { return quote(k) == name })
		return rows{}, nil
	case hashOfRole.MatchString(statement):
		r, there := n.Roles[unquote("'"+hashOfRole.FindStringSubmatch(statement)[1]+"'")]
		if !there {
			return rows{}, nil
		}
		return rows{{"can_login": r.Login, "salted_hash": quote(r.Hash)}}, nil
	case permissionsOf.MatchString(statement), statement == "SELECT role, member FROM system_auth.role_members", statement == "SELECT identity, role FROM system_auth.identity_to_role":
		return rows{}, nil // a real Cassandra's are in droppedRole
	case statement == "SELECT role, is_superuser, can_login, salted_hash FROM system_auth.roles":
		all := rows{}
		for name, r := range n.Roles {
			all = append(all, map[string]string{"role": quote(name), "is_superuser": r.Super, "can_login": r.Login})
		}
		return all, nil
	}
	return nil, fmt.Errorf("org.apache.cassandra.exceptions.SyntaxException : %s", statement)
}

func (n *fakeNode) version() string { return fmt.Sprintf("11111111-1111-1111-1111-%012d", n.Schema) }

func (n *fakeNode) replication(name string) rows {
	k := n.Keyspaces[name]
	if k == nil {
		return rows{}
	}
	var parts []string
	for _, option := range slices.Sorted(maps.Keys(k)) {
		parts = append(parts, quote(option)+": "+quote(k[option]))
	}
	return rows{{"replication": "{" + strings.Join(parts, ", ") + "}"}}
}

func (n *fakeNode) putKeyspace(verb, name, options string) error {
	k := map[string]string{"class": "org.apache.cassandra.locator.NetworkTopologyStrategy"}
	for _, m := range option.FindAllStringSubmatch(options, -1) {
		if m[1] != n.datacenter {
			return fmt.Errorf("Unrecognized strategy option {%s} passed to NetworkTopologyStrategy for keyspace %s", m[1], name)
		}
		k[m[1]] = m[2]
	}
	_, there := n.Keyspaces[name]
	if alter := strings.HasPrefix(verb, "ALTER"); alter && !there {
		return fmt.Errorf("org.apache.cassandra.exceptions.InvalidRequestException : Keyspace '%s' doesn't exist", name)
	} else if !alter && there {
		return nil
	}
	n.Keyspaces[name] = k
	n.Schema++
	return nil
}
