package mgmtapi

import (
	"context"
	"net/url"
	"strconv"
)

// Operations take long: each is a job of the node, which Job tells about.
type Operations interface {
	Rebuild(ctx context.Context, sourceDatacenter string) (jobID string, err error)
	Cleanup(ctx context.Context, o CleanupOptions) (jobID string, err error)
	Repair(ctx context.Context, o RepairOptions) (jobID string, err error)
	// Decommission lets the node leave its ring: its data goes to the others first. The job ends with the node DECOMMISSIONED, or
	// in an error; asked again meanwhile it is the same one. What matters is the ring's view and Status.OperationMode.
	// The host id says who is meant: a node that is another one refuses. With force Cassandra leaves keyspaces with more replicas in
	// the datacenter than nodes: only for a datacenter that goes as a whole, of whose data nothing is the only copy.
	Decommission(ctx context.Context, hostID string, force bool) (jobID string, err error)
	// MoveToken gives the node another token in place of its only one. One with several, or a token that another node has, is
	// refused; a node that has the token already is done.
	MoveToken(ctx context.Context, token string) (jobID string, err error)
	Streams(ctx context.Context) ([]Stream, error)
	// ReloadTruststore is about internode encryption: a node without it refuses.
	ReloadTruststore(ctx context.Context) (jobID string, err error)
	Job(ctx context.Context, id string) (Job, error)
}

// CleanupOptions choose what a cleanup goes over.
type CleanupOptions struct {
	Keyspace string   `json:"keyspace_name"` // "NON_LOCAL_STRATEGY" = all
	Tables   []string `json:"tables,omitempty"`
	Jobs     int      `json:"jobs,omitempty"`
}

// RepairOptions choose what a repair goes over: the ranges that the node holds
// replicas of, with all their replicas in all datacenters.
type RepairOptions struct {
	Keyspace string   `json:"keyspace_name"`
	Tables   []string `json:"tables,omitempty"`
	Full     bool     `json:"full"` // and not only what was never repaired
}

// Stream is what goes between a node and a peer in one operation, in bytes.
type Stream struct {
	Plan      string // Cassandra's id of the operation
	Operation string // Cassandra's words: Unbootstrap, Rebuild, Repair, ...
	Peer      string // address
	Session   string // Cassandra's state of the session
	ToSend    int64
	Sent      int64
	ToGet     int64
	Got       int64
}

// Job is a long operation of one node. One that was interrupted by a restart of the agent, and Cassandra with it, has failed.
// Agents of former versions forget all jobs then (ErrNotFound), as those do that have lost their volume or couldn't write on it.
type Job struct {
	ID         string `json:"id"`
	Type       string `json:"type"`
	Status     string `json:"status"` // WAITING, COMPLETED, ERROR
	SubmitTime string `json:"submit_time"`
	EndTime    string `json:"end_time,omitempty"`
	Error      string `json:"error,omitempty"`
}

// Job states.
const (
	JobWaiting   = "WAITING"
	JobCompleted = "COMPLETED"
	JobError     = "ERROR"
)

// Rebuild streams the node's share from another datacenter.
func (c *Client) Rebuild(ctx context.Context, source string) (id string, err error) {
	return id, c.post(ctx, "/api/v1/ops/node/rebuild?src_dc="+url.QueryEscape(source), nil, &id)
}

// Cleanup drops data that the node no longer owns.
func (c *Client) Cleanup(ctx context.Context, o CleanupOptions) (id string, err error) {
	return id, c.post(ctx, "/api/v1/ops/keyspace/cleanup", o, &id)
}

// Repair makes the replicas of the node's ranges the same.
func (c *Client) Repair(ctx context.Context, o RepairOptions) (id string, err error) {
	return id, c.post(ctx, "/api/v1/ops/node/repair", o, &id)
}

// Decommission asks for force where its caller says so: without it Cassandra refuses when a keyspace would be left with fewer nodes than replicas.
func (c *Client) Decommission(ctx context.Context, hostID string, force bool) (id string, err error) {
	return id, c.post(ctx, "/api/v1/ops/node/decommission?"+url.Values{"force": {strconv.FormatBool(force)}, "host_id": {hostID}}.Encode(), nil, &id)
}

// MoveToken moves the node to another place of the ring.
func (c *Client) MoveToken(ctx context.Context, token string) (id string, err error) {
	return id, c.post(ctx, "/api/v0/ops/node/move?newToken="+url.QueryEscape(token), nil, &id)
}

// Streams are those that are under way.
func (c *Client) Streams(ctx context.Context) (all []Stream, err error) {
	var page struct {
		Entity []map[string][]map[string]string
	}
	if err := c.get(ctx, "/api/v0/ops/node/streaminfo", &page); err != nil {
		return nil, err
	}
	for _, plans := range page.Entity {
		for id, sessions := range plans {
			for _, session := range sessions {
				all = append(all, streamOf(id, session))
			}
		}
	}
	return all, nil
}

func streamOf(plan string, session map[string]string) Stream {
	number := func(name string) int64 {
		n, _ := strconv.ParseInt(session[name], 10, 64) // absent: none
		return n
	}
	return Stream{
		Plan: plan, Operation: session["STREAM_OPERATION"], Peer: session["PEER"], Session: session["STATE"],
		ToSend: number("TOTAL_SIZE_TO_SEND"), Sent: number("TOTAL_SIZE_SENT"), ToGet: number("TOTAL_SIZE_TO_RECEIVE"), Got: number("TOTAL_SIZE_RECEIVED"),
	}
}

// ReloadTruststore makes the node read its certificates again, those that it trusts included.
func (c *Client) ReloadTruststore(ctx context.Context) (id string, err error) {
	return id, c.post(ctx, "/api/v1/ops/node/encryption/internode/truststore/reload", nil, &id)
}

// Job tells how far an operation is. ErrNotFound is a node that knows nothing of it any more: whether it was done can't be known.
func (c *Client) Job(ctx context.Context, id string) (j Job, err error) {
	return j, c.get(ctx, "/api/v0/ops/executor/job?job_id="+url.QueryEscape(id), &j)
}
