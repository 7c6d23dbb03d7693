package mgmtapi

import (
	"context"
	"net/url"
)

// Tables are the sstables of one node, and what can be done with them. Each operation takes long: it is a job of the node, which
// Job tells about. Agents of former versions don't know these calls (ErrNotFound), but for the list. A keyspace or table that
// isn't there is refused (ErrRefused) before anything begins.
type Tables interface {
	// Tables lists the tables of a keyspace; none of one that doesn't exist.
	Tables(ctx context.Context, keyspace string) ([]string, error)
	Compact(ctx context.Context, o CompactOptions) (jobID string, err error)
	Scrub(ctx context.Context, o ScrubOptions) (jobID string, err error)
	GarbageCollect(ctx context.Context, o TableOptions) (jobID string, err error)
	Flush(ctx context.Context, o TableOptions) (jobID string, err error)
	UpgradeSSTables(ctx context.Context, o TableOptions) (jobID string, err error)
}

// AllKeyspaces is the management API's word for every keyspace of a node, Cassandra's own included.
const AllKeyspaces = "ALL"

// TableOptions choose what an operation goes over.
type TableOptions struct {
	Keyspace string   `json:"keyspace_name,omitempty"` // AllKeyspaces or none: all
	Tables   []string `json:"tables,omitempty"`        // none: all of the keyspace
	Jobs     int      `json:"jobs,omitempty"`          // sstables at a time; 0: as many as Cassandra compacts at a time
}

// CompactOptions are those of a major compaction; with tokens it goes over the sstables that have rows between them, and with
// files over these.
type CompactOptions struct {
	Keyspace         string   `json:"keyspace_name,omitempty"`
	Tables           []string `json:"tables,omitempty"`
	SplitOutput      bool     `json:"split_output,omitempty"`
	StartToken       string   `json:"start_token,omitempty"`
	EndToken         string   `json:"end_token,omitempty"`
	UserDefined      bool     `json:"user_defined,omitempty"`
	UserDefinedFiles []string `json:"user_defined_files,omitempty"` // paths on the node
}

// ScrubOptions are those of a scrub, which writes sstables anew without what can't be read.
type ScrubOptions struct {
	TableOptions

	DisableSnapshot       bool  `json:"disable_snapshot"`
	SkipCorrupted         bool  `json:"skip_corrupted"`
	CheckData             *bool `json:"check_data,omitempty"` // nil: yes
	ReinsertOverflowedTTL bool  `json:"reinsert_overflowed_ttl"`
}

// Tables implements Node.
func (c *Client) Tables(ctx context.Context, keyspace string) (all []string, err error) {
	return all, c.get(ctx, "/api/v0/ops/tables?keyspaceName="+url.QueryEscape(keyspace), &all)
}

// Compact merges sstables.
func (c *Client) Compact(ctx context.Context, o CompactOptions) (id string, err error) {
	return id, c.post(ctx, "/api/v1/ops/tables/compact", o, &id)
}

// Scrub implements Node.
func (c *Client) Scrub(ctx context.Context, o ScrubOptions) (id string, err error) {
	return id, c.post(ctx, "/api/v1/ops/tables/scrub", o, &id)
}

// GarbageCollect drops deleted rows that are in the way of others.
func (c *Client) GarbageCollect(ctx context.Context, o TableOptions) (id string, err error) {
	return id, c.post(ctx, "/api/v1/ops/tables/garbagecollect", o, &id)
}

// Flush writes what is in memory into sstables.
func (c *Client) Flush(ctx context.Context, o TableOptions) (id string, err error) {
	return id, c.post(ctx, "/api/v1/ops/tables/flush", o, &id)
}

// UpgradeSSTables writes sstables of former versions of Cassandra anew.
func (c *Client) UpgradeSSTables(ctx context.Context, o TableOptions) (id string, err error) {
	return id, c.post(ctx, "/api/v1/ops/tables/sstables/upgrade", o, &id)
}
