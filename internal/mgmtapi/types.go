package mgmtapi

import (
	"context"
	"errors"
	"time"
)

// Node is one Cassandra node's management.
type Node interface {
	Status(ctx context.Context) (Status, error)
	Start(ctx context.Context, o StartOptions) error
	Stop(ctx context.Context) error
	Drain(ctx context.Context) error
	Endpoints(ctx context.Context) ([]Endpoint, error)
	SchemaVersions(ctx context.Context) (map[string][]string, error)
	ReloadSeeds(ctx context.Context, seeds []string) ([]string, error)
	Keyspaces(ctx context.Context) ([]string, error)
	Replication(ctx context.Context, keyspace string) (map[string]string, error)
	CreateKeyspace(ctx context.Context, keyspace string, replication map[string]int) error
	AlterKeyspace(ctx context.Context, keyspace string, replication map[string]int) error
	Roles(ctx context.Context) ([]Role, error)
	RolesEverywhere(ctx context.Context) ([]Role, error)
	PutRole(ctx context.Context, r Role) error
	DropRole(ctx context.Context, name string) error
	SetNativeTransport(ctx context.Context, on bool) error
	Ownership(ctx context.Context, keyspace string) (Ownership, error)
	Rebuild(ctx context.Context, sourceDatacenter string) (jobID string, err error)
	Cleanup(ctx context.Context, o CleanupOptions) (jobID string, err error)
	Repair(ctx context.Context, o RepairOptions) (jobID string, err error)
	Job(ctx context.Context, id string) (Job, error)
}

// State is what the agent's JVM does.
type State string

// The states of a node.
const (
	Stopped  State = "Stopped"  // no JVM; waits for a start
	Starting State = "Starting" // the JVM runs, the node is not NORMAL yet
	Running  State = "Running"  // the node is NORMAL
	Failed   State = "Failed"   // the JVM ended by itself; LastError says why
)

// Status is a node's own view of itself.
type Status struct {
	State           State     `json:"state"`
	PID             int       `json:"pid,omitempty"`
	OperationMode   string    `json:"operationMode,omitempty"` // Cassandra's: STARTING, JOINING, NORMAL, DRAINED, ...
	NativeTransport bool      `json:"nativeTransport"`         // the port for clients is open
	ClientPort      PortState `json:"clientPort,omitempty"`    // its story since the start; empty of an older agent
	GossipStopped   bool      `json:"gossipStopped,omitempty"` // the node is NORMAL and doesn't gossip: the others take it for dead
	LastError       string    `json:"lastError,omitempty"`     // the log's own words
	Since           time.Time `json:"since"`                   // of the state
	Identity        *Identity `json:"identity,omitempty"`      // nil from agents that know of none
}

// PortState is what the port for clients has been through since the node's
// start.
type PortState string

// The states of the port for clients.
const (
	PortUnknown PortState = ""        // no JVM, or an agent that doesn't tell
	PortHeld    PortState = "Held"    // closed since the start, as was asked; ops/node/native opens it
	PortOpening PortState = "Opening" // Cassandra opens it by itself at the end of its start
	PortOpen    PortState = "Open"
	PortClosed  PortState = "Closed" // it was open: a person closed it, or Cassandra
)

// Identity is whose data a node's data directory holds. Before a start it is what the agent found there; once the node is
// Running it is what Cassandra itself says.
type Identity struct {
	Found      Found  `json:"found"`
	HostID     string `json:"hostID,omitempty"` // of the file; Joining has none
	Cluster    string `json:"cluster,omitempty"`
	Datacenter string `json:"datacenter,omitempty"`
	Rack       string `json:"rack,omitempty"`
	Replaces   string `json:"replaces,omitempty"` // host id of the member whose place this node takes, or took
	Error      string `json:"error,omitempty"`    // why the file can't be read or written
}

// Found is what lies in a data directory. The identity file is written before a node's first start, and again when it has
// become a member.
type Found string

// What can be found.
const (
	FoundMember     Found = "member"     // data, and the file of a member
	FoundJoining    Found = "joining"    // the file of a node that was started and has not become a member yet
	FoundData       Found = "data"       // data without a file: of an older agent, adopted or restored
	FoundFile       Found = "file"       // the file of a member without its data
	FoundNothing    Found = "nothing"    // an empty directory
	FoundUnreadable Found = "unreadable" // nobody can tell; Error says why
)

// StartOptions say how a node starts. The zero value starts it as its
// configuration says.
type StartOptions struct {
	Seeds           []string `json:"seeds,omitempty"` // addresses; none: resolve the configured names
	InitialTokens   []string `json:"initialTokens,omitempty"`
	AutoBootstrap   *bool    `json:"autoBootstrap,omitempty"`
	FirstBoot       bool     `json:"firstBoot,omitempty"` // of a ring or datacenter: short waits are safe
	NativeTransport *bool    `json:"nativeTransport,omitempty"`
	ReplaceAddress  string   `json:"replaceAddress,omitempty"` // of a dead member whose tokens and data the node gets
	Replaces        string   `json:"replaces,omitempty"`       // host id of the member whose place the node takes
	// Decided is the identity that the caller has seen. The agent refuses the start when it finds another one by now.
	Decided *Identity `json:"decided,omitempty"`
}

// Endpoint is a member of the ring as one node sees it.
type Endpoint struct {
	Address        string
	HostID         string
	Datacenter     string
	Rack           string
	Alive          bool
	Local          bool    // the node that was asked
	Status         string  // NORMAL, JOINING, LEAVING, MOVING
	Load           float64 // bytes
	Schema         string
	Tokens         []string
	ReleaseVersion string
	ClusterName    string
}

// Role is a Cassandra role. Password is only sent, never received.
type Role struct {
	Name      string `json:"username"`
	Password  string `json:"password,omitempty"`
	Superuser bool   `json:"is_superuser"`
	Login     bool   `json:"can_login"`
}

// Ownership is each address's effective share of a keyspace: over one
// datacenter they add up to its replication factor at most, 1 = everything.
type Ownership struct {
	Keyspace  string             `json:"keyspace"`
	Ownership map[string]float64 `json:"ownership"`
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

// Job is a long operation of one node. Jobs are lost when the agent restarts.
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

// Classes of errors; test with errors.Is.
var (
	ErrNotFound    = errors.New("not found")
	ErrUnavailable = errors.New("unavailable") // nobody answers, or not in time: another try may help
	ErrRefused     = errors.New("refused")     // the call makes no sense (4xx)
	ErrFailed      = errors.New("failed")      // Cassandra was asked and refused it, or could not do it (500)
)
