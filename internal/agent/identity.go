package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// identityFile is beside the data, on the same volume: it comes and goes with
// it. It says "joining" from before the node's first start until the node is a
// member, and whose data it is from then on.
const identityFile = "ringspan-identity.json"

var errIdentity = errors.New("identity")

// found is what lies in the data directory.
func (a *Agent) found() mgmtapi.Identity {
	data, err := a.hasData()
	if err != nil {
		return mgmtapi.Identity{Found: mgmtapi.FoundUnreadable, Error: err.Error()}
	}
	text, err := os.ReadFile(a.identityPath())
	switch {
	case errors.Is(err, fs.ErrNotExist) && data:
		return mgmtapi.Identity{Found: mgmtapi.FoundData}
	case errors.Is(err, fs.ErrNotExist):
		return mgmtapi.Identity{Found: mgmtapi.FoundNothing}
	case err != nil:
		return mgmtapi.Identity{Found: mgmtapi.FoundUnreadable, Error: err.Error()}
	}
	var id mgmtapi.Identity
	if err := json.Unmarshal(text, &id); err != nil {
		return mgmtapi.Identity{Found: mgmtapi.FoundUnreadable, Error: fmt.Sprintf("%s: %v", a.identityPath(), err)}
	}
	if id.Found == mgmtapi.FoundMember && !data {
		id.Found = mgmtapi.FoundFile
	}
	return id
}

func (a *Agent) identityPath() string { return filepath.Join(a.config.DataDir, identityFile) }

// hasData looks for the table in which a node keeps who it is: Cassandra flushes
// it before the node joins a ring, and a commit log alone is of a node that never
// came that far. A directory that can't be read is an error, and no proof.
func (a *Agent) hasData() (bool, error) {
	for _, dir := range a.dataDirs() {
		tables, err := names(filepath.Join(dir, "system"), "local-*")
		if err != nil {
			return false, err
		}
		for _, table := range tables {
			if files, err := names(table, "*-Data.db"); err != nil || len(files) > 0 {
				return err == nil, err
			}
		}
	}
	return false, nil
}

// names are the paths of what a directory has of a pattern. One that isn't there
// has nothing.
func names(dir, pattern string) (paths []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, e := range entries {
		if match, _ := filepath.Match(pattern, e.Name()); match { // the patterns are sound
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	return paths, nil
}

// dataDirs are where Cassandra keeps its tables.
func (a *Agent) dataDirs() []string {
	dirs := []string{filepath.Join(a.config.DataDir, "data")}
	yaml := a.config.Input.CassandraYAML
	list, _ := yaml["data_file_directories"].([]any)
	for _, dir := range append(list, yaml["local_system_data_file_directory"]) {
		if text, ok := dir.(string); ok && text != "" {
			dirs = append(dirs, text)
		}
	}
	return dirs
}

// mayStart refuses data that isn't this node's, and a start that was decided on
// when something else lay there.
func (a *Agent) mayStart(found mgmtapi.Identity, decided *mgmtapi.Identity) error {
	in := a.config.Input
	switch {
	case found.Found == mgmtapi.FoundUnreadable:
		return fmt.Errorf("%w: can't tell whose data this is: %s", errIdentity, found.Error)
	case found.Found == mgmtapi.FoundLeft:
		return fmt.Errorf("%w: the node of this volume, host id %s, has left its ring, and can't come back; a new node needs an empty volume", errIdentity, found.HostID)
	case found.Cluster != "" && found.Cluster != in.ClusterName:
		return fmt.Errorf("%w: this is the data of cluster %q, and the node is one of %q", errIdentity, found.Cluster, in.ClusterName)
	case decided != nil && *decided != found:
		return fmt.Errorf("%w: the start was decided on when the data directory held %q of host id %q; now it holds %q of %q",
			errIdentity, decided.Found, decided.HostID, found.Found, found.HostID)
	}
	return nil
}

// noteStart says in the file that a node is on its way into the ring, and in
// whose place, before anything else is in the directory. The file of a member,
// and data without one, stay as they are.
func (a *Agent) noteStart(found mgmtapi.Identity, replaces string) (mgmtapi.Identity, error) {
	if found.Found == mgmtapi.FoundMember || found.Found == mgmtapi.FoundData {
		return found, nil
	}
	if found.Found == mgmtapi.FoundFile { // the place is its own, whatever the caller knows
		replaces = or(replaces, found.HostID)
	}
	in := a.config.Input
	next := mgmtapi.Identity{Found: mgmtapi.FoundJoining, Cluster: in.ClusterName, Datacenter: in.DatacenterName, Rack: a.config.Rack, Replaces: or(replaces, found.Replaces)}
	if next == found {
		return found, nil
	}
	return next, a.writeIdentity(next)
}

// prove compares the file with what Cassandra says of itself, once in each run of
// the JVM. A node that is another one than its file says is ended.
func (a *Agent) prove(ctx context.Context, j *jvm) bool {
	if a.isProven(j) {
		return true
	}
	rows, err := cql(ctx, a.jmx, "SELECT cluster_name, data_center, rack, host_id FROM system.local", "NODE")
	if err != nil || len(rows) == 0 {
		return false
	}
	row := rows[0]
	says := mgmtapi.Identity{Found: mgmtapi.FoundMember, HostID: row["host_id"], Cluster: unquote(row["cluster_name"]), Datacenter: unquote(row["data_center"]), Rack: unquote(row["rack"])}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.jvm != j || a.self.Found == mgmtapi.FoundLeft {
		return false
	}
	if old := a.self; old.Found == mgmtapi.FoundMember && old.HostID != says.HostID {
		j.refuse(fmt.Sprintf("identity: %s says that this is the data of host id %s, and Cassandra that it is %s", a.identityPath(), old.HostID, says.HostID), a.config.StopGrace)
		return false
	}
	says.Replaces = a.self.Replaces
	if says != a.self {
		if err := a.writeIdentity(says); err != nil { // the node serves all the same: at the next start it is data without a file
			says.Error = err.Error()
		}
	}
	a.self, a.proven = says, j
	return true
}

// isProven tells whether a run's node has been found to be the one that the file names.
func (a *Agent) isProven(j *jvm) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.proven == j
}

func (a *Agent) identity() *mgmtapi.Identity {
	a.mu.Lock()
	defer a.mu.Unlock()
	return new(a.self)
}

// memberID is the host id of the node; empty as long as that isn't known.
func (a *Agent) memberID() string { return a.identity().HostID }

// writeIdentity replaces the identity file.
func (a *Agent) writeIdentity(id mgmtapi.Identity) error {
	data, err := json.MarshalIndent(id, "", "  ")
	if err != nil {
		return err
	}
	return writeDurably(a.identityPath(), append(data, '\n'))
}
