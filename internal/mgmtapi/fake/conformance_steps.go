package fake

import (
	"maps"
	"slices"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

const (
	topologyStrategy = "org.apache.cassandra.locator.NetworkTopologyStrategy"
	simpleStrategy   = "org.apache.cassandra.locator.SimpleStrategy"
	userKeyspace     = "Mixed_Case" // needs quotes in CQL
)

func (c *conform) replication(keyspace string, want map[string]string) {
	c.Helper()
	got, err := c.Node.Replication(c.Context(), keyspace)
	c.must(err)
	if !maps.Equal(got, want) {
		c.Errorf("replication of %s: %v, want %v", keyspace, got, want)
	}
}

func (c *conform) keyspaces() {
	ctx, one := c.Context(), map[string]int{c.Datacenter: 1}
	c.replication("system_auth", map[string]string{"class": simpleStrategy, "replication_factor": "1"})
	c.must(c.Node.AlterKeyspace(ctx, "system_auth", one))
	c.replication("system_auth", map[string]string{"class": topologyStrategy, c.Datacenter: "1"})

	c.must(c.Node.CreateKeyspace(ctx, userKeyspace, one))
	c.must(c.Node.CreateKeyspace(ctx, userKeyspace, one)) // it exists already
	c.replication(userKeyspace, map[string]string{"class": topologyStrategy, c.Datacenter: "1"})
	all, err := c.Node.Keyspaces(ctx)
	c.must(err)
	for _, k := range []string{userKeyspace, "system", "system_auth", "system_distributed", "system_traces"} {
		if !slices.Contains(all, k) {
			c.Errorf("keyspace %s is not among %v", k, all)
		}
	}

	_, err = c.Node.Replication(ctx, "nothing")
	c.is(err, mgmtapi.ErrNotFound, "replication of a missing keyspace")
	c.is(c.Node.AlterKeyspace(ctx, "nothing", one), mgmtapi.ErrFailed, "altering a missing keyspace")
	c.is(c.Node.CreateKeyspace(ctx, "other", map[string]int{"nowhere": 1}), mgmtapi.ErrFailed, "a keyspace over a datacenter that doesn't exist")
	c.is(c.Node.CreateKeyspace(ctx, "other", nil), mgmtapi.ErrRefused, "a keyspace without replication")
}

func (c *conform) roles() {
	ctx := c.Context()
	all, err := c.Node.Roles(ctx)
	c.must(err)
	if len(all) != 0 {
		c.Errorf("roles before any was made: %+v", all) // the default login must never be
	}
	c.must(c.Node.PutRole(ctx, Admin))
	c.must(c.Node.PutRole(ctx, Admin)) // the same again
	c.must(c.Node.PutRole(ctx, mgmtapi.Role{Name: "plain", Password: "p"}))
	all, err = c.Node.Roles(ctx)
	c.must(err)
	slices.SortFunc(all, func(a, b mgmtapi.Role) int { return compare(a.Name, b.Name) })
	if want := []mgmtapi.Role{{Name: "o'neil", Superuser: true, Login: true}, {Name: "plain"}}; !slices.Equal(all, want) {
		c.Errorf("roles: %+v, want %+v", all, want)
	}
	if all, err = c.Node.RolesEverywhere(ctx); err != nil || len(all) != 2 {
		c.Errorf("roles at EACH_QUORUM: %+v, %v", all, err)
	}
	c.verify("o'neil", Admin.Password, true)
	c.verify("o'neil", "another", false)
	c.verify("plain", "p", false) // may not log in
	c.verify("nobody", "p", false)
	c.must(c.Node.PutRole(ctx, mgmtapi.Role{Name: "plain", Password: "q", Login: true})) // another password
	c.verify("plain", "p", false)
	c.verify("plain", "q", true)
	_, err = c.Node.VerifyRole(ctx, "plain", "")
	c.is(err, mgmtapi.ErrRefused, "a check without a password")
	c.must(c.Node.DropRole(ctx, "plain"))
	c.must(c.Node.DropRole(ctx, "plain")) // gone already
	c.verify("plain", "q", false)
	if all, err = c.Node.Roles(ctx); err != nil || len(all) != 1 {
		c.Errorf("roles after a drop: %+v, %v", all, err)
	}
	c.is(c.Node.PutRole(ctx, mgmtapi.Role{Name: "empty"}), mgmtapi.ErrRefused, "a role without a password")
}

func (c *conform) verify(name, password string, want bool) {
	c.Helper()
	if matches, err := c.Node.VerifyRole(c.Context(), name, password); err != nil || matches != want {
		c.Errorf("role %s with password %s: matches is %t, %v", name, password, matches, err)
	}
}

func (c *conform) nativeTransport() {
	port := map[bool]mgmtapi.PortState{true: mgmtapi.PortOpen, false: mgmtapi.PortClosed}
	for _, on := range []bool{true, false, true} {
		c.must(c.Node.SetNativeTransport(c.Context(), on))
		if s := c.status(); s.NativeTransport != on || s.ClientPort != port[on] {
			c.Errorf("native transport set to %t: %+v", on, s)
		}
	}
	if c.Serving != nil {
		c.Serving()
	}
}

// fullQueryLog is off after a start, whatever is in cassandra.yaml.
func (c *conform) fullQueryLog() {
	written := func(want bool) {
		c.Helper()
		if s := c.status(); s.FullQueryLog == nil || *s.FullQueryLog != want {
			c.Errorf("the log of all queries should be written: %t; %+v", want, s)
		}
	}
	written(false)
	for _, on := range []bool{true, true, false, false} {
		c.must(c.Node.SetFullQueryLog(c.Context(), on))
		written(on)
	}
}

func (c *conform) ownership() {
	o, err := c.Node.Ownership(c.Context(), "")
	c.must(err)
	if o.Keyspace != userKeyspace || !maps.Equal(o.Ownership, map[string]float64{c.Address: 1}) {
		c.Errorf("ownership: %+v", o)
	}
}

func (c *conform) longOperations() {
	ctx := c.Context()
	good, err := c.Node.Cleanup(ctx, mgmtapi.CleanupOptions{Keyspace: userKeyspace})
	c.must(err)
	bad, err := c.Node.Rebuild(ctx, "nowhere")
	c.must(err)
	repair, err := c.Node.Repair(ctx, mgmtapi.RepairOptions{Keyspace: "system_auth", Full: true})
	c.must(err)
	_, err = c.Node.Decommission(ctx, "another", false)
	c.is(err, mgmtapi.ErrRefused, "a decommission of another node")
	_, err = c.Node.MoveToken(ctx, "12")
	c.is(err, mgmtapi.ErrRefused, "a move of a node with several tokens")
	_, err = c.Node.MoveToken(ctx, "far")
	c.is(err, mgmtapi.ErrRefused, "a move to what is no token")
	lonely, err := c.Node.Decommission(ctx, c.status().Identity.HostID, false)
	c.must(err)
	for id, want := range map[string]string{good: mgmtapi.JobCompleted, repair: mgmtapi.JobCompleted, bad: mgmtapi.JobError, lonely: mgmtapi.JobError} {
		c.jobEnds(id, want)
	}
	if s := c.status(); s.State != mgmtapi.Running || s.OperationMode != mgmtapi.ModeNormal {
		c.Errorf("a node that has nobody to leave its data to: %+v", s)
	}
	if streams, err := c.Node.Streams(ctx); err != nil || len(streams) > 0 {
		c.Errorf("streams of a node alone: %+v, %v", streams, err)
	}
	if s := c.status(); s.Hints == nil || len(s.Hints) > 0 {
		c.Errorf("hints of a node alone: %#v", s.Hints)
	}
	if v := c.status().Volume; v == nil || v.Capacity <= 0 || v.Free <= 0 || v.Free > v.Capacity {
		c.Errorf("the volume: %+v", v)
	}
	_, err = c.Node.Job(ctx, "nothing-1")
	c.is(err, mgmtapi.ErrNotFound, "a job that nobody submitted")
}

func (c *conform) jobEnds(id, want string) {
	c.Helper()
	var j mgmtapi.Job
	c.await("job "+id+" ends", func() bool {
		var err error
		j, err = c.Node.Job(c.Context(), id)
		c.must(err)
		return j.Status != mgmtapi.JobWaiting
	})
	if j.ID != id || j.Status != want || (j.Error != "") != (want == mgmtapi.JobError) || j.SubmitTime == "" || j.EndTime == "" {
		c.Errorf("job: %+v, want it %s", j, want)
	}
}

// tables does each operation on sstables, and what refuses to begin.
func (c *conform) tables() {
	ctx, n := c.Context(), c.Node
	known, err := n.Tables(ctx, "system_traces")
	c.must(err)
	if !slices.Contains(known, "events") || !slices.Contains(known, "sessions") {
		c.Errorf("tables of system_traces: %v", known)
	}
	if none, err := n.Tables(ctx, "nothing"); err != nil || len(none) > 0 {
		c.Errorf("tables of a missing keyspace: %v, %v", none, err)
	}
	traces := mgmtapi.TableOptions{Keyspace: "system_traces", Tables: []string{"events"}}
	for what, begin := range map[string]func(mgmtapi.TableOptions) (string, error){
		"compact": func(o mgmtapi.TableOptions) (string, error) {
			return n.Compact(ctx, mgmtapi.CompactOptions{Keyspace: o.Keyspace, Tables: o.Tables})
		},
		"scrub": func(o mgmtapi.TableOptions) (string, error) {
			return n.Scrub(ctx, mgmtapi.ScrubOptions{TableOptions: o})
		},
		"garbagecollect":   func(o mgmtapi.TableOptions) (string, error) { return n.GarbageCollect(ctx, o) },
		"flush":            func(o mgmtapi.TableOptions) (string, error) { return n.Flush(ctx, o) },
		"upgrade sstables": func(o mgmtapi.TableOptions) (string, error) { return n.UpgradeSSTables(ctx, o) },
	} {
		for _, good := range []mgmtapi.TableOptions{traces, {Keyspace: userKeyspace}, {}} {
			id, err := begin(good)
			c.must(err)
			c.jobEnds(id, mgmtapi.JobCompleted)
		}
		_, err := begin(mgmtapi.TableOptions{Keyspace: "nothing"})
		c.is(err, mgmtapi.ErrRefused, what+" of a missing keyspace")
		_, err = begin(mgmtapi.TableOptions{Keyspace: "system_traces", Tables: []string{"nothing"}})
		c.is(err, mgmtapi.ErrRefused, what+" of a missing table")
		_, err = begin(mgmtapi.TableOptions{Tables: []string{"events"}})
		c.is(err, mgmtapi.ErrRefused, what+" of a table of all keyspaces")
	}
	id, err := n.Compact(ctx, mgmtapi.CompactOptions{Keyspace: "system_traces", StartToken: "-9", EndToken: "9"})
	c.must(err)
	c.jobEnds(id, mgmtapi.JobCompleted)
	_, err = n.Compact(ctx, mgmtapi.CompactOptions{Keyspace: "system_traces", StartToken: "-9"})
	c.is(err, mgmtapi.ErrRefused, "a compaction that ends nowhere")
	_, err = n.ReloadTruststore(ctx)
	c.is(err, mgmtapi.ErrRefused, "reloading the truststore of a node without TLS")
}

func (c *conform) drainAndStop() {
	c.must(c.Node.Drain(c.Context()))
	if s := c.status(); s.OperationMode != "DRAINED" || s.NativeTransport {
		c.Errorf("drained: %+v", s)
	}
	c.must(c.Node.Stop(c.Context()))
	if s := c.status(); s.State != mgmtapi.Stopped || s.PID != 0 || s.LastError != "" {
		c.Errorf("stopped: %+v", s)
	}
}

func (c *conform) restart(before mgmtapi.Endpoint) {
	found := c.status().Identity
	if found == nil || found.Found != mgmtapi.FoundMember || found.HostID != before.HostID || found.Datacenter != c.Datacenter || found.Rack != c.Rack {
		c.Errorf("found before the restart: %+v, want host id %s", found, before.HostID)
	}
	c.is(c.Node.Start(c.Context(), mgmtapi.StartOptions{Seeds: []string{c.Address}, Decided: &mgmtapi.Identity{Found: mgmtapi.FoundNothing}}),
		mgmtapi.ErrRefused, "a start that was decided on for an empty volume")
	const own = `{"concurrent_reads":7}`
	c.must(c.Node.Start(c.Context(), mgmtapi.StartOptions{Seeds: []string{c.Address}, Decided: found, NodeYAML: own}))
	c.await("the restarted node serves clients", func() bool { s := c.status(); return s.State == mgmtapi.Running && s.NativeTransport })
	if s := c.status(); s.ClientPort != mgmtapi.PortOpen || s.NodeYAML == nil || *s.NodeYAML != mgmtapi.NodeYAMLHash(own) {
		c.Errorf("the restarted node: %+v", s)
	}
	if id := c.status().Identity; id == nil || id.Found != mgmtapi.FoundMember || id.HostID != before.HostID || id.Replaces != "" {
		c.Errorf("the identity of the running node: %+v, want host id %s", id, before.HostID)
	}
	if after := c.self(); after.HostID != before.HostID {
		c.Errorf("host id %s after the restart, %s before", after.HostID, before.HostID)
	}
	c.must(c.Node.Stop(c.Context()))
}
