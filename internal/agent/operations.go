package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

// endpoints lists the ring's members in the management API's shape: all values
// are strings.
func (a *Agent) endpoints(ctx context.Context) ([]map[string]string, error) {
	attributes := []string{"LiveNodes", "UnreachableNodes", "JoiningNodes", "LeavingNodes", "MovingNodes", "LoadMap", "EndpointToHostId", "TokenToEndpointMap", "ClusterName"}
	answers, err := a.jmx.bulk(ctx, []request{
		{Type: "read", MBean: storageService, Attribute: attributes},
		{Type: "exec", MBean: internalCQL, Operation: "execute", Arguments: []any{"SELECT broadcast_address, data_center, rack, host_id, schema_version, release_version FROM system.local", "NODE"}},
		{Type: "exec", MBean: internalCQL, Operation: "execute", Arguments: []any{"SELECT peer, data_center, rack, host_id, schema_version, release_version, native_address FROM system.peers_v2", "NODE"}},
	})
	if err != nil {
		return nil, err
	}
	var ring struct {
		LiveNodes, UnreachableNodes, JoiningNodes, LeavingNodes, MovingNodes []string
		LoadMap, EndpointToHostId, TokenToEndpointMap                        map[string]string
		ClusterName                                                          string
	}
	if err := answers[0].decode("StorageService", &ring); err != nil {
		return nil, err
	}
	var local, peers []map[string]string
	if err := answers[1].decode("system.local", &local); err != nil {
		return nil, err
	}
	if err := answers[2].decode("system.peers_v2", &peers); err != nil {
		return nil, err
	}
	known := map[string]map[string]string{}
	for _, row := range peers {
		known[unquote(row["peer"])] = row
	}
	own := a.config.Address
	for _, row := range local {
		known[own] = row
	}
	tokens := map[string][]string{}
	for token, address := range ring.TokenToEndpointMap {
		tokens[address] = append(tokens[address], token)
	}
	var all []map[string]string
	for _, address := range slices.Sorted(slices.Values(append(ring.LiveNodes, ring.UnreachableNodes...))) {
		row := known[address]
		status := "NORMAL"
		for word, list := range map[string][]string{"JOINING": ring.JoiningNodes, "LEAVING": ring.LeavingNodes, "MOVING": ring.MovingNodes} {
			if slices.Contains(list, address) {
				status = word
			}
		}
		slices.Sort(tokens[address])
		all = append(all, map[string]string{
			"ENDPOINT_IP": address, "IS_ALIVE": strconv.FormatBool(slices.Contains(ring.LiveNodes, address)), "IS_LOCAL": strconv.FormatBool(address == own),
			"HOST_ID": ring.EndpointToHostId[address], "DC": unquote(row["data_center"]), "RACK": unquote(row["rack"]),
			"STATUS": status, "LOAD": strconv.FormatFloat(bytesOf(ring.LoadMap[address]), 'f', 0, 64), "SCHEMA": row["schema_version"],
			"TOKENS": strings.Join(tokens[address], ","), "RELEASE_VERSION": unquote(row["release_version"]), "CLUSTER_NAME": ring.ClusterName,
			"RPC_ADDRESS": address, "NATIVE_ADDRESS_AND_PORT": address + ":9042",
		})
	}
	return all, nil
}

// bytesOf reads Cassandra's "117.38 KiB".
func bytesOf(text string) float64 {
	number, unit, _ := strings.Cut(text, " ")
	n, err := strconv.ParseFloat(strings.ReplaceAll(number, ",", "."), 64)
	if err != nil {
		return 0
	}
	for i, u := range []string{"bytes", "KiB", "MiB", "GiB", "TiB"} {
		if unit == u {
			return n * float64(int64(1)<<(10*i))
		}
	}
	return n
}

func (a *Agent) ownership(ctx context.Context, keyspace string) (string, map[string]float64, error) {
	if keyspace == "" {
		keyspaces, err := a.keyspaces(ctx)
		if err != nil {
			return "", nil, err
		}
		keyspace = "system_auth"
		for _, k := range keyspaces {
			if !strings.HasPrefix(k, "system") {
				keyspace = k
				break
			}
		}
	}
	raw := map[string]float64{}
	if err := exec(ctx, a.jmx, storageService, "effectiveOwnershipWithPort(java.lang.String)", &raw, keyspace); err != nil {
		return keyspace, nil, err
	}
	out := map[string]float64{}
	for address, share := range raw {
		host := address
		if i := strings.LastIndexByte(address, ':'); i > 0 {
			host = address[:i]
		}
		out[strings.TrimPrefix(host, "/")] = share
	}
	return keyspace, out, nil
}

func (a *Agent) keyspaces(ctx context.Context) ([]string, error) {
	var all []string
	err := read(ctx, a.jmx, storageService, "Keyspaces", &all)
	slices.Sort(all)
	return all, err
}

var mapEntry = regexp.MustCompile(`'((?:[^']|'')*)'\s*:\s*'((?:[^']|'')*)'`)

func (a *Agent) replication(ctx context.Context, keyspace string) (map[string]string, error) {
	rows, err := cql(ctx, a.jmx, "SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = "+quote(keyspace), "NODE")
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	out := map[string]string{}
	for _, m := range mapEntry.FindAllStringSubmatch(rows[0]["replication"], -1) {
		out[strings.ReplaceAll(m[1], "''", "'")] = strings.ReplaceAll(m[2], "''", "'")
	}
	return out, nil
}

func (a *Agent) tables(ctx context.Context, keyspace string) ([]string, error) {
	rows, err := cql(ctx, a.jmx, "SELECT table_name FROM system_schema.tables WHERE keyspace_name = "+quote(keyspace), "NODE")
	all := []string{}
	for _, r := range rows {
		all = append(all, unquote(r["table_name"]))
	}
	return all, err
}

// putKeyspace is CREATE or ALTER with NetworkTopologyStrategy.
func (a *Agent) putKeyspace(ctx context.Context, verb, keyspace string, factors map[string]int) error {
	options := []string{"'class': 'NetworkTopologyStrategy'"}
	for _, dc := range slices.Sorted(maps.Keys(factors)) {
		options = append(options, fmt.Sprintf("%s: %d", quote(dc), factors[dc]))
	}
	_, err := cql(ctx, a.jmx, fmt.Sprintf("%s %s WITH replication = {%s}", verb, identifier(keyspace), strings.Join(options, ", ")), "LOCAL_ONE")
	return err
}

func (a *Agent) roles(ctx context.Context, level string) ([]map[string]any, error) {
	rows, err := cql(ctx, a.jmx, "SELECT role, is_superuser, can_login FROM system_auth.roles", level)
	if err != nil {
		return nil, err
	}
	all := []map[string]any{}
	for _, r := range rows {
		all = append(all, map[string]any{"name": unquote(r["role"]), "super": r["is_superuser"], "login": r["can_login"], "options": "{}", "datacenters": "ALL"})
	}
	return all, nil
}

// putRole writes the role as CREATE ROLE would, with the password hashed here:
// the clear text reaches neither the JVM nor a log.
func (a *Agent) putRole(ctx context.Context, name, password string, superuser, login bool) error {
	hash, err := bcrypt.GenerateFromPassword([]byte(password), 10)
	if err != nil {
		return fmt.Errorf("password of role %q: %w", name, err)
	}
	statement := fmt.Sprintf("INSERT INTO system_auth.roles (role, is_superuser, can_login, salted_hash) VALUES (%s, %t, %t, %s)",
		quote(name), superuser, login, quote(string(hash)))
	if _, err = cql(ctx, a.jmx, statement, "LOCAL_QUORUM"); err != nil {
		return fmt.Errorf("writing role %q: %w", name, err)
	}
	return nil
}

func (a *Agent) dropRole(ctx context.Context, name string) error {
	_, err := cql(ctx, a.jmx, "DELETE FROM system_auth.roles WHERE role = "+quote(name), "LOCAL_QUORUM")
	return err
}

func (a *Agent) schemaVersions(ctx context.Context) (out map[string][]string, err error) {
	return out, read(ctx, a.jmx, storageProxy, "SchemaVersions", &out)
}

// cleanup goes over one keyspace, or over all that are replicated.
func (a *Agent) cleanup(ctx context.Context, keyspace string, tables []string, parallel int) error {
	keyspaces := []string{keyspace}
	if keyspace == "" || keyspace == "ALL" || keyspace == "NON_LOCAL_STRATEGY" {
		if err := read(ctx, a.jmx, storageService, "NonLocalStrategyKeyspaces", &keyspaces); err != nil {
			return err
		}
	}
	if tables == nil {
		tables = []string{}
	}
	for _, k := range keyspaces {
		var code int
		if err := exec(ctx, a.jmx, storageService, "forceKeyspaceCleanup(int,java.lang.String,[Ljava.lang.String;)", &code, parallel, k, tables); err != nil {
			return fmt.Errorf("cleanup of %s: %w", k, err)
		}
		if code != 0 {
			return fmt.Errorf("cleanup of %s ended with status %d", k, code)
		}
	}
	return nil
}

func (a *Agent) reloadSeeds(ctx context.Context) ([]string, error) {
	var raw json.RawMessage
	if err := exec(ctx, a.jmx, gossiper, "reloadSeeds", &raw); err != nil {
		return nil, err
	}
	var all []string
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, fmt.Errorf("reloadSeeds: %w", err)
	}
	return all, nil
}
