package mgmtapi

import (
	"context"
	"net/url"
)

// Operations take long: each is a job of the node, which Job tells about.
type Operations interface {
	Rebuild(ctx context.Context, sourceDatacenter string) (jobID string, err error)
	Cleanup(ctx context.Context, o CleanupOptions) (jobID string, err error)
	Repair(ctx context.Context, o RepairOptions) (jobID string, err error)
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

// ReloadTruststore makes the node read its certificates again, those that it trusts included.
func (c *Client) ReloadTruststore(ctx context.Context) (id string, err error) {
	return id, c.post(ctx, "/api/v1/ops/node/encryption/internode/truststore/reload", nil, &id)
}

// Job tells how far an operation is. ErrNotFound is a node that knows nothing of it any more: whether it was done can't be known.
func (c *Client) Job(ctx context.Context, id string) (j Job, err error) {
	return j, c.get(ctx, "/api/v0/ops/executor/job?job_id="+url.QueryEscape(id), &j)
}
