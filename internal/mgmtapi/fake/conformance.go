package fake

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// Subject is a node that is alone in its ring, stopped, with an empty volume and
// password login.
type Subject struct {
	Node                      mgmtapi.Node
	Address, Datacenter, Rack string
	Tokens                    []string      // for its first boot
	Settle                    func()        // lets time pass; called between two looks
	Patience                  time.Duration // for a start or a job
	Booted                    func()        // if set: the node is NORMAL, has no roles, and serves no clients
	Serving                   func()        // if set: it serves clients, and the only role is Admin
}

// Conform tests what controllers rely on. It starts and stops the node, and
// leaves it stopped.
func Conform(t *testing.T, s Subject) {
	c := &conform{Subject: s, T: t}
	c.stopped()
	c.firstBoot()
	before := c.self()
	c.seedsAndSchema()
	c.keyspaces()
	c.roles()
	c.nativeTransport()
	c.fullQueryLog()
	c.ownership()
	c.longOperations()
	c.tables()
	c.drainAndStop()
	c.restart(before)
}

// Admin is the role that a Subject has when it is Serving.
var Admin = mgmtapi.Role{Name: "o'neil", Password: "it's $2a$ \"x\"", Superuser: true, Login: true}

type conform struct {
	Subject
	*testing.T
}

func (c *conform) must(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

func (c *conform) is(err, class error, what string) {
	c.Helper()
	if !errors.Is(err, class) {
		c.Errorf("%s: error %v, want %v", what, err, class)
	}
}

// await looks until it sees, and fails when it doesn't in time.
func (c *conform) await(what string, seen func() bool) {
	c.Helper()
	for end := time.Now().Add(c.Patience); !seen(); c.Settle() {
		if time.Now().After(end) {
			status, err := c.Node.Status(c.Context())
			c.Fatalf("%s: not within %s; the node is %+v, %v", what, c.Patience, status, err)
		}
	}
}

func (c *conform) status() mgmtapi.Status {
	c.Helper()
	s, err := c.Node.Status(c.Context())
	c.must(err)
	return s
}

func (c *conform) stopped() {
	if s := c.status(); s.State != mgmtapi.Stopped || s.PID != 0 || s.NativeTransport || s.LastError != "" {
		c.Fatalf("before the first start: %+v", s)
	}
	if id := c.status().Identity; id == nil || id.Found != mgmtapi.FoundNothing {
		c.Errorf("found on an empty volume: %+v", id)
	}
	c.must(c.Node.Stop(c.Context()))
	_, err := c.Node.Endpoints(c.Context())
	c.is(err, mgmtapi.ErrUnavailable, "endpoints of a stopped node")
	c.is(c.Node.PutRole(c.Context(), mgmtapi.Role{Name: "r", Password: "p"}), mgmtapi.ErrUnavailable, "a role on a stopped node")
}

func (c *conform) firstBoot() {
	no := false
	o := mgmtapi.StartOptions{Seeds: []string{c.Address}, InitialTokens: c.Tokens, AutoBootstrap: &no, FirstBoot: true, NativeTransport: &no}
	c.must(c.Node.Start(c.Context(), o))
	c.must(c.Node.Start(c.Context(), o)) // it starts already
	if s := c.status(); s.PID == 0 || s.State != mgmtapi.Starting && s.State != mgmtapi.Running {
		c.Fatalf("after start: %+v", s)
	}
	c.await("the node is NORMAL", func() bool { return c.status().State == mgmtapi.Running })
	if s := c.status(); s.OperationMode != "NORMAL" || !s.FirstBoot || s.NativeTransport || s.ClientPort != mgmtapi.PortHeld || s.GossipStopped {
		c.Errorf("after a start with the native transport off: %+v", s)
	}
	if c.Booted != nil {
		c.Booted()
	}
}

// self is the node's own endpoint, the only one.
func (c *conform) self() mgmtapi.Endpoint {
	c.Helper()
	all, err := c.Node.Endpoints(c.Context())
	c.must(err)
	if len(all) != 1 {
		c.Fatalf("%d endpoints, want 1: %+v", len(all), all)
	}
	e := all[0]
	slices.Sort(e.Tokens)
	if e.Address != c.Address || e.Datacenter != c.Datacenter || e.Rack != c.Rack || !e.Alive || !e.Local || e.Status != "NORMAL" || e.ReleaseVersion == "" || e.HostID == "" || e.Schema == "" {
		c.Errorf("endpoint: %+v", e)
	}
	if want := slices.Sorted(slices.Values(c.Tokens)); !slices.Equal(e.Tokens, want) {
		c.Errorf("tokens %v, want %v", e.Tokens, want)
	}
	return e
}

func (c *conform) seedsAndSchema() {
	if _, err := c.Node.ReloadSeeds(c.Context(), []string{c.Address}); err != nil {
		c.Error(err)
	}
	versions, err := c.Node.SchemaVersions(c.Context())
	c.must(err)
	if len(versions) != 1 {
		c.Errorf("schema versions: %v", versions)
	}
	for version, addresses := range versions {
		if version == "UNREACHABLE" || !slices.Equal(addresses, []string{c.Address}) {
			c.Errorf("schema version %s: %v", version, addresses)
		}
	}
}
