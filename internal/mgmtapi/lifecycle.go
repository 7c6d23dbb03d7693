package mgmtapi

import (
	"context"
	"strconv"
	"time"

	"github.com/ringspan/ringspan/internal/hash"
)

// Lifecycle is a node's process: whether it runs, whose data it has, and whether it
// serves clients.
type Lifecycle interface {
	Status(ctx context.Context) (Status, error)
	Start(ctx context.Context, o StartOptions) error
	Stop(ctx context.Context) error
	Drain(ctx context.Context) error
	SetNativeTransport(ctx context.Context, on bool) error
	// SetFullQueryLog switches the log of all queries on, with the options of cassandra.yaml, or off, until the node's next start.
	SetFullQueryLog(ctx context.Context, on bool) error
}

// Cassandra's operation modes of a node that leaves its ring.
const (
	ModeNormal             = "NORMAL"
	ModeLeaving            = "LEAVING"             // streams its data to the others, and serves
	ModeDecommissionFailed = "DECOMMISSION_FAILED" // is still a member, and serves
	ModeDecommissioned     = "DECOMMISSIONED"      // has left; only its JVM runs
)

// Serves tells whether a node of an operation mode is a member that serves.
func Serves(mode string) bool {
	return mode == ModeNormal || mode == ModeLeaving || mode == ModeDecommissionFailed
}

// State is what the agent's JVM does.
type State string

// The states of a node.
const (
	Stopped  State = "Stopped"  // no JVM; waits for a start
	Starting State = "Starting" // the JVM runs, the node is no member yet, or no more
	Running  State = "Running"  // the node is a member: NORMAL, or LEAVING, or its decommission failed
	Failed   State = "Failed"   // the JVM ended by itself; LastError says why
)

// Status is a node's own view of itself.
type Status struct {
	State           State     `json:"state"`
	PID             int       `json:"pid,omitempty"`
	OperationMode   string    `json:"operationMode,omitempty"`     // Cassandra's: STARTING, JOINING, NORMAL, DRAINED, ...
	NativeTransport bool      `json:"nativeTransport"`             // the port for clients is open
	ClientPort      PortState `json:"clientPort,omitempty"`        // its story since the start; empty of an older agent
	GossipStopped   bool      `json:"gossipStopped,omitempty"`     // the node is NORMAL and doesn't gossip: the others take it for dead
	LastError       string    `json:"lastError,omitempty"`         // the log's own words
	Since           time.Time `json:"since"`                       // of the state
	Identity        *Identity `json:"identity,omitempty"`          // nil from agents that know of none
	Volume          *Volume   `json:"volume,omitempty"`            // of its data; nil from agents that can't decommission
	FirstBoot       bool      `json:"firstBoot,omitempty"`         // the JVM is that of a first boot, and has its short waits
	Hints           []string  `json:"hints,omitzero"`              // host ids of the nodes that it keeps writes for; nil when it can't tell
	NodeYAML        *string   `json:"nodeYAML,omitempty"`          // NodeYAMLHash of the last start's; nil from agents that take none
	FullQueryLog    *bool     `json:"fullQueryLog,omitempty"`      // the log of all queries is written; nil from agents that can't switch it
	Unanswered      int       `json:"unansweredSeconds,omitempty"` // for so long the JVM, whose node was a member, doesn't answer its agent
}

// Volume is the file system that a node's data is on, in bytes.
type Volume struct {
	Capacity int64 `json:"capacity"`
	Free     int64 `json:"free"` // for Cassandra's user
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
	FoundLeft       Found = "left"       // data of a node that has left the ring: it is never started again
	FoundUnreadable Found = "unreadable" // nobody can tell; Error says why
)

// NodeYAMLHash tells the keys of one node's cassandra.yaml from others; empty for none.
func NodeYAMLHash(keys string) string {
	if keys == "" {
		return ""
	}
	return hash.Text(keys, nodeYAMLBytes)
}

const nodeYAMLBytes = 8

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
	// NodeYAML are keys of cassandra.yaml that are this node's alone, over the pod's configuration, as a JSON object; KeepNodeYAML
	// stands for those of the node's last start. Status.NodeYAML tells them apart.
	NodeYAML     string `json:"nodeYAML,omitempty"`
	KeepNodeYAML bool   `json:"keepNodeYAML,omitempty"`
	// Decided is the identity that the caller has seen. The agent refuses the start when it finds another one by now.
	Decided *Identity `json:"decided,omitempty"`
}

// Status asks the agent what its JVM does.
func (c *Client) Status(ctx context.Context) (s Status, err error) {
	return s, c.get(ctx, "/api/v0/lifecycle/status", &s)
}

// Start returns as soon as the JVM is launched; one that runs already is no error.
func (c *Client) Start(ctx context.Context, o StartOptions) error {
	return c.post(ctx, "/api/v0/lifecycle/start", o, nil)
}

// Stop drains the node and ends its JVM.
func (c *Client) Stop(ctx context.Context) error {
	return c.post(ctx, "/api/v0/lifecycle/stop", nil, nil)
}

// Drain flushes the node and closes its ports.
func (c *Client) Drain(ctx context.Context) error {
	return c.post(ctx, "/api/v0/ops/node/drain", nil, nil)
}

// SetNativeTransport opens or closes the port for clients.
func (c *Client) SetNativeTransport(ctx context.Context, on bool) error {
	return c.post(ctx, "/api/v0/ops/node/native?enabled="+strconv.FormatBool(on), nil, nil)
}

// SetFullQueryLog switches the log of all queries on or off.
func (c *Client) SetFullQueryLog(ctx context.Context, on bool) error {
	return c.post(ctx, "/api/v0/ops/node/fullquerylogging?enabled="+strconv.FormatBool(on), nil, nil)
}
