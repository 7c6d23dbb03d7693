package fake

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

type job struct {
	mgmtapi.Job
	do func(*cluster) error
}

// Rebuild implements mgmtapi.Node.
func (n *Node) Rebuild(ctx context.Context, source string) (string, error) {
	return n.submit(ctx, "rebuild", source, func(c *cluster) error { return n.rebuild(c, source) })
}

// rebuild fills this node's datacenter with what its replication asks for.
// Real nodes do it one by one; here the first one's does for all.
func (n *Node) rebuild(c *cluster, source string) error {
	known := map[string]bool{}
	for _, m := range n.ring.members(n.group) {
		known[m.datacenter] = known[m.datacenter] || n.sees(m)
	}
	if !known[source] {
		return fmt.Errorf("Provided datacenter '%s' is not a valid datacenter, available datacenters are: %s", source, strings.Join(trueKeys(known), ","))
	}
	for _, k := range c.keyspaces {
		if k.topology() && k.factor(n.datacenter) > 0 && k.holds[source] {
			k.holds[n.datacenter] = true
		}
	}
	for _, r := range c.roles {
		if r.in[source] {
			r.fill(n.datacenter, c.keyspaces["system_auth"])
		}
	}
	return nil
}

// Repair implements mgmtapi.Node. It goes over the ranges that the node holds
// replicas of, with all their replicas; in small datacenters these are all.
func (n *Node) Repair(ctx context.Context, o mgmtapi.RepairOptions) (string, error) {
	if n.isOld() {
		return "", unknownCall("repair")
	}
	return n.submit(ctx, "repair", o.Keyspace, func(c *cluster) error { return n.repair(c, o.Keyspace) })
}

func (n *Node) isOld() bool { return locked(n, func() bool { return n.old }) }

func (n *Node) repair(c *cluster, name string) error {
	k := c.keyspaces[name]
	switch {
	case k == nil:
		return fmt.Errorf("Unknown keyspace %s", name)
	case n.failing != "":
		return errors.New(n.failing)
	}
	for _, m := range n.ring.members(n.group) {
		if k.factor(m.datacenter) > 0 && !n.sees(m) {
			return fmt.Errorf("Endpoint not alive: /%s:7000", m.address)
		}
	}
	if k.factor(n.datacenter) == 0 {
		return nil
	}
	if !strings.HasPrefix(name, "system") {
		held := slices.ContainsFunc(slices.Collect(maps.Keys(k.factors)), func(dc string) bool { return k.holds[dc] })
		for dc := range k.factors { // what one of them holds, all hold
			k.holds[dc] = held
		}
	}
	if name != "system_auth" {
		return nil
	}
	for _, r := range c.roles {
		for _, m := range n.ring.members(n.group) {
			if k.factor(m.datacenter) > 0 {
				r.fill(m.datacenter, k)
			}
		}
	}
	return nil
}

// Cleanup implements mgmtapi.Node.
func (n *Node) Cleanup(ctx context.Context, o mgmtapi.CleanupOptions) (string, error) {
	return n.submit(ctx, "cleanup", o.Keyspace, func(c *cluster) error {
		if _, there := c.keyspaces[o.Keyspace]; !there && !slices.Contains([]string{"", "ALL", "NON_LOCAL_STRATEGY"}, o.Keyspace) {
			return fmt.Errorf("Keyspace [%s] does not exist.", o.Keyspace)
		}
		return nil
	})
}

func (n *Node) submit(ctx context.Context, kind, detail string, do func(*cluster) error) (string, error) {
	_, leave, err := n.enter(ctx, kind)
	if err != nil {
		return "", err
	}
	defer leave()
	n.ring.wrote(n, "%s %s", kind, detail)
	n.ring.serial++
	id := fmt.Sprintf("%s-%d", kind, n.ring.serial)
	n.jobs = append(n.jobs, &job{Job: mgmtapi.Job{ID: id, Type: kind, Status: mgmtapi.JobWaiting, SubmitTime: n.millis()}, do: do})
	return id, nil
}

// Job implements mgmtapi.Node.
func (n *Node) Job(ctx context.Context, id string) (mgmtapi.Job, error) {
	n.ring.mu.Lock()
	defer n.ring.mu.Unlock()
	if err := n.answers(ctx, "job"); err != nil {
		return mgmtapi.Job{}, err
	}
	if n.ring.Auto {
		n.ring.advance()
	}
	for _, j := range n.jobs {
		if j.ID == id {
			return j.Job, nil
		}
	}
	return mgmtapi.Job{}, fmt.Errorf("job: %w: %s", mgmtapi.ErrNotFound, id)
}

// interrupted is the error of a job that an agent found unfinished when it started.
const interrupted = "the agent ended before the job did"

// interrupt is what the next agent says of the jobs of one that ends. One of the first version kept them in memory only.
func (n *Node) interrupt() {
	if n.old {
		n.jobs = nil
	}
	for _, j := range n.jobs {
		if j.Status == mgmtapi.JobWaiting {
			j.Status, j.Error, j.EndTime = mgmtapi.JobError, interrupted, n.millis()
		}
	}
}

// finishJobs carries out what was submitted, in order.
func (n *Node) finishJobs() {
	for _, j := range n.jobs {
		if j.Status != mgmtapi.JobWaiting || j.do == nil { // leave ends a decommission
			continue
		}
		j.Status, j.EndTime = mgmtapi.JobCompleted, n.millis()
		err := errors.New("the JVM does not answer")
		if n.up() {
			err = j.do(n.ring.rings[n.group])
		}
		if err != nil {
			j.Status, j.Error = mgmtapi.JobError, err.Error()
		}
	}
}

func (n *Node) millis() string { return strconv.FormatInt(n.ring.Now().UnixMilli(), 10) }

// Holds says whether a datacenter's replicas of a keyspace have its data.
func (r *Ring) Holds(name, datacenter string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.rings {
		if k := c.keyspaces[name]; k != nil && k.holds[datacenter] {
			return true
		}
	}
	return false
}

func trueKeys(m map[string]bool) (all []string) {
	for k, yes := range m {
		if yes {
			all = append(all, k)
		}
	}
	slices.Sort(all)
	return all
}
