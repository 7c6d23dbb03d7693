package fake

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

func TestTheFakeConforms(t *testing.T) {
	ring := NewRing("test")
	n := ring.Add("10.0.0.1", "dc1", "rack1")
	Conform(t, Subject{Node: n, Address: n.Address(), Datacenter: "dc1", Rack: "rack1", Tokens: []string{"-5", "7"}, Settle: ring.Advance, Patience: 10 * time.Second,
		Booted: func() {
			if n.Login("cassandra", "cassandra") {
				t.Error("the default login works")
			}
		},
		Serving: func() {
			if n.Login("cassandra", "cassandra") || !n.Login(Admin.Name, Admin.Password) {
				t.Error("logins while it serves")
			}
		}})
}

// world is a ring of size nodes in each of two datacenters, not started.
func world(size int) (*Ring, [][]*Node) {
	ring := NewRing("test")
	all := make([][]*Node, 2)
	for d := range all {
		for i := range size {
			all[d] = append(all[d], ring.Add(fmt.Sprintf("10.0.%d.%d", d+1, i+1), fmt.Sprintf("dc%d", d+1), fmt.Sprintf("rack%d", i+1)))
		}
	}
	return ring, all
}

func start(t *testing.T, n *Node, seeds ...string) {
	t.Helper()
	if err := n.Start(t.Context(), mgmtapi.StartOptions{Seeds: seeds}); err != nil {
		t.Fatal(err)
	}
}

func state(t *testing.T, n *Node) mgmtapi.State {
	t.Helper()
	s, err := n.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s.State
}

func TestNodesThatStartTogetherAreOneRing(t *testing.T) {
	ring, all := world(3)
	for _, n := range slices.Concat(all...) {
		start(t, n, "10.0.1.1")
	}
	ring.Advance()
	if ring.Rings() != 1 {
		t.Fatalf("%d rings", ring.Rings())
	}
	seen, err := all[1][2].Endpoints(t.Context())
	if err != nil || len(seen) != 6 {
		t.Errorf("endpoints: %d, %v", len(seen), err)
	}
	if _, err := all[0][0].Ownership(t.Context(), "nothing"); err == nil {
		t.Error("a missing keyspace is owned")
	}
}

func TestSeedsOfTheirOwnMakeTwoRings(t *testing.T) {
	ring, all := world(1)
	start(t, all[0][0], "10.0.1.1")
	start(t, all[1][0], "10.0.2.1")
	if ring.Advance(); ring.Rings() != 2 {
		t.Errorf("%d rings", ring.Rings())
	}
}

func TestANodeWithoutALivingSeedEnds(t *testing.T) {
	ring, all := world(2)
	start(t, all[0][0], "10.0.1.2")
	ring.Advance()
	if got := all[0][0].Terminated(); state(t, all[0][0]) != mgmtapi.Stopped || !strings.Contains(got, "Unable to gossip") {
		t.Errorf("%s, %q", state(t, all[0][0]), got)
	}
	ring.Cut("dc1", "dc2")
	start(t, all[0][0], "10.0.1.1")
	start(t, all[1][0], "10.0.1.1")
	ring.Advance()
	if state(t, all[0][0]) != mgmtapi.Running || state(t, all[1][0]) != mgmtapi.Stopped {
		t.Error("a node reached its seed across a cut")
	}
}

func TestTwoNodesCannotHaveOneToken(t *testing.T) {
	ring, all := world(2)
	for _, n := range all[0] {
		if err := n.Start(t.Context(), mgmtapi.StartOptions{Seeds: []string{"10.0.1.1", "10.0.1.2"}, InitialTokens: []string{"42"}}); err != nil {
			t.Fatal(err)
		}
	}
	ring.Advance()
	if a, b := state(t, all[0][0]), state(t, all[0][1]); a == b {
		t.Errorf("both are %s", a)
	}
}

func TestARefusedConfigurationEndsTheJVM(t *testing.T) {
	ring, all := world(1)
	n := all[0][0]
	n.RefuseConfig("Invalid yaml. Please remove properties [x]")
	start(t, n, n.Address())
	ring.Advance()
	if state(t, n) != mgmtapi.Stopped || !strings.Contains(n.Terminated(), "[x]") {
		t.Errorf("%s, %q", state(t, n), n.Terminated())
	}
	n.RefuseConfig("")
	start(t, n, n.Address())
	if ring.Advance(); state(t, n) != mgmtapi.Running {
		t.Error("the corrected node did not start")
	}
}

func TestALostPodKeepsItsHostID(t *testing.T) {
	ring, all := world(2)
	for _, n := range all[0] {
		start(t, n, "10.0.1.1")
	}
	ring.Advance()
	n := all[0][1]
	before := n.HostID()
	n.Move("10.0.1.9")
	if _, err := ring.Dial("10.0.1.2").Status(t.Context()); !errors.Is(err, mgmtapi.ErrUnavailable) {
		t.Errorf("the old address: %v", err)
	}
	start(t, n, "10.0.1.1")
	ring.Advance()
	seen, err := all[0][0].Endpoints(t.Context())
	if err != nil || len(seen) != 2 || n.HostID() != before || ring.Rings() != 1 {
		t.Errorf("%+v, %v, host id %s, before %s", seen, err, n.HostID(), before)
	}
}

func TestRolesAreReadableWhereTheyAreReplicated(t *testing.T) {
	ring, all := world(1)
	a, b := all[0][0], all[1][0]
	start(t, a, "10.0.1.1")
	ring.Advance()
	ctx := t.Context()
	admin := mgmtapi.Role{Name: "admin", Password: "secret", Login: true}
	if err := errors.Join(a.AlterKeyspace(ctx, "system_auth", map[string]int{"dc1": 1}), a.PutRole(ctx, admin)); err != nil {
		t.Fatal(err)
	}
	start(t, b, "10.0.1.1")
	ring.Advance()
	if _, err := b.Roles(ctx); err == nil {
		t.Error("dc2 reads roles without a replica")
	}
	if err := a.AlterKeyspace(ctx, "system_auth", map[string]int{"dc1": 1, "dc2": 1}); err != nil {
		t.Fatal(err)
	}
	if roles, err := b.Roles(ctx); err != nil || len(roles) != 0 || b.Login("admin", "secret") {
		t.Errorf("before the rebuild: %+v, %v", roles, err)
	}
	if _, err := b.Rebuild(ctx, "dc1"); err != nil {
		t.Fatal(err)
	}
	ring.Advance()
	if !b.Login("admin", "secret") || b.Login("cassandra", "cassandra") || b.Login("admin", "other") {
		t.Error("logins after the rebuild")
	}
}

func TestARoleCrossesAHealedCut(t *testing.T) {
	ring, all := world(1)
	a, b := all[0][0], all[1][0]
	start(t, a, "10.0.1.1")
	start(t, b, "10.0.1.1")
	ring.Advance()
	ctx := t.Context()
	if err := a.AlterKeyspace(ctx, "system_auth", map[string]int{"dc1": 1, "dc2": 1}); err != nil {
		t.Fatal(err)
	}
	ring.Cut("dc1", "dc2")
	versions, err := a.SchemaVersions(ctx)
	if err != nil || !slices.Equal(versions["UNREACHABLE"], []string{"10.0.2.1"}) {
		t.Errorf("schema versions during the cut: %v, %v", versions, err)
	}
	if err := a.PutRole(ctx, mgmtapi.Role{Name: "admin", Password: "p", Login: true}); err != nil {
		t.Fatal(err)
	}
	if ring.Advance(); b.Login("admin", "p") {
		t.Error("a role crossed the cut")
	}
	ring.Heal("dc1", "dc2")
	if ring.Advance(); !b.Login("admin", "p") {
		t.Error("the hint did not arrive")
	}
}

func TestHintsGoWithTheVolume(t *testing.T) {
	ring, all := world(2)
	for _, n := range slices.Concat(all...) {
		start(t, n, "10.0.1.1")
	}
	ring.Advance()
	ctx := t.Context()
	a, b := all[0][0], all[1][0]
	if err := a.AlterKeyspace(ctx, "system_auth", map[string]int{"dc1": 2, "dc2": 2}); err != nil {
		t.Fatal(err)
	}
	ring.Cut("dc1", "dc2")
	if err := a.PutRole(ctx, mgmtapi.Role{Name: "app", Password: "p", Login: true}); err != nil || ring.LostHints("app", "dc2") {
		t.Fatalf("hints are lost with their node there, or %v", err)
	}
	next := a.LoseVolume("10.0.1.9")
	ring.Heal("dc1", "dc2")
	if err := next.Start(ctx, mgmtapi.StartOptions{Seeds: []string{"10.0.1.2"}, ReplaceAddress: "10.0.1.1"}); err != nil {
		t.Fatal(err)
	}
	if ring.Advance(); b.Login("app", "p") || !ring.LostHints("app", "dc2") || ring.LostHints("app", "dc1") {
		t.Error("the hints of a lost volume arrived")
	}
	if _, err := b.Repair(ctx, mgmtapi.RepairOptions{Keyspace: "system_auth"}); err != nil {
		t.Fatal(err)
	}
	if ring.Advance(); !b.Login("app", "p") || ring.LostHints("app", "dc2") {
		t.Error("the repair did not bring the row")
	}
}

func TestWhatDoesNotAnswerIsUnavailable(t *testing.T) {
	ring, all := world(1)
	n := all[0][0]
	start(t, n, n.Address())
	ring.Advance()
	n.Unreachable(true)
	if _, err := n.Status(t.Context()); !errors.Is(err, mgmtapi.ErrUnavailable) {
		t.Errorf("status: %v", err)
	}
	n.Unreachable(false)
	id, err := n.Cleanup(t.Context(), mgmtapi.CleanupOptions{})
	if err != nil {
		t.Fatal(err)
	}
	n.Crash("killed")
	if job, err := n.Job(t.Context(), id); err != nil || job.Status != mgmtapi.JobError || job.Error == "" {
		t.Errorf("a job after the agent's restart: %+v, %v", job, err)
	}
	if err := n.Start(t.Context(), mgmtapi.StartOptions{}); !errors.Is(err, mgmtapi.ErrRefused) {
		t.Errorf("a start without seeds: %v", err)
	}
}

func TestAnOldAgentForgetsItsJobs(t *testing.T) {
	ring, all := world(1)
	n := all[0][0]
	n.OldAgent(true)
	start(t, n, n.Address())
	ring.Advance()
	id, err := n.Cleanup(t.Context(), mgmtapi.CleanupOptions{})
	if err != nil {
		t.Fatal(err)
	}
	n.Crash("killed")
	if _, err := n.Job(t.Context(), id); !errors.Is(err, mgmtapi.ErrNotFound) {
		t.Errorf("a job after the agent's restart: %v", err)
	}
}

// The records of jobs are on the volume: they go where it goes.
func TestJobsGoWithTheVolume(t *testing.T) {
	ring, all := world(2)
	a, b := all[0][0], all[0][1]
	for _, n := range all[0] {
		start(t, n, a.Address())
	}
	ring.Advance()
	id, err := a.Cleanup(t.Context(), mgmtapi.CleanupOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ring.Advance()
	a.Crash("killed")
	b.Crash("killed")
	a.SwapVolumes(b)
	if _, err := a.Job(t.Context(), id); !errors.Is(err, mgmtapi.ErrNotFound) {
		t.Errorf("on the other volume: %v", err)
	}
	if job, err := b.Job(t.Context(), id); err != nil || job.Status != mgmtapi.JobCompleted {
		t.Errorf("where its volume went: %+v, %v", job, err)
	}
	if next := b.LoseVolume("10.0.1.9"); next == nil {
		t.Fatal("no pod")
	} else if _, err := next.Job(t.Context(), id); !errors.Is(err, mgmtapi.ErrNotFound) {
		t.Errorf("on an empty volume: %v", err)
	}
}

func TestWritesNameWhatWasDone(t *testing.T) {
	ring, all := world(1)
	ring.Auto = true
	n := all[0][0]
	start(t, n, n.Address())
	if state(t, n) != mgmtapi.Running {
		t.Error("Auto did not let the start finish")
	}
	if _, err := n.Keyspaces(t.Context()); err != nil {
		t.Error(err)
	}
	if got := ring.Writes(); !slices.Equal(got, []string{"10.0.1.1 start seeds=10.0.1.1"}) {
		t.Errorf("writes: %v", got)
	}
}

func TestASchemaThatLagsIsSeen(t *testing.T) {
	ring, all := world(2)
	for _, n := range all[0] {
		start(t, n, "10.0.1.1")
	}
	ring.Advance()
	all[0][1].LagSchema(true)
	if v, err := all[0][0].SchemaVersions(t.Context()); err != nil || len(v) != 2 {
		t.Errorf("%v, %v", v, err)
	}
}
