package agent

import (
	"errors"
	"syscall"
	"testing"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// leaver is a running node whose decommission comes to what is said.
func leaver(t *testing.T, comesTo string) (*Agent, *mgmtapi.Client, Config) {
	t.Helper()
	c := testConfig(t, &output{})
	c.Input.ExtraJVM = []string{"-Dfake.leaves=" + comesTo}
	a, client, _ := serve(t, c)
	if err := client.Start(t.Context(), mgmtapi.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	await(t, "running", running(t, client))
	return a, client, c
}

func decommission(t *testing.T, client *mgmtapi.Client) string {
	t.Helper()
	if _, err := client.Decommission(t.Context(), "another", false); !errors.Is(err, mgmtapi.ErrRefused) {
		t.Errorf("a node that isn't meant: %v", err)
	}
	id, err := client.Decommission(t.Context(), statusOf(t, client).Identity.HostID, false)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func statusOf(t *testing.T, client *mgmtapi.Client) mgmtapi.Status {
	t.Helper()
	s, err := client.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// What has left says so beside its data, for ever, and nothing starts it.
func TestANodeThatHasLeftIsNeverStartedAgain(t *testing.T) {
	a, client, c := leaver(t, "well")
	before := statusOf(t, client).Identity
	id := decommission(t, client)
	await(t, "the job ends", func() bool {
		job, err := client.Job(t.Context(), id)
		return err == nil && job.Status == mgmtapi.JobCompleted
	})
	s := statusOf(t, client)
	if s.State != mgmtapi.Starting || s.OperationMode != mgmtapi.ModeDecommissioned || s.Identity.Found != mgmtapi.FoundLeft || s.Identity.HostID != before.HostID {
		t.Fatalf("%+v, identity %+v", s, s.Identity)
	}
	if err := a.stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, again, _ := serve(t, c)
	if id := statusOf(t, again).Identity; id.Found != mgmtapi.FoundLeft || id.HostID != before.HostID {
		t.Errorf("the next agent finds %+v", id)
	}
	if err := again.Start(t.Context(), mgmtapi.StartOptions{}); !errors.Is(err, mgmtapi.ErrRefused) {
		t.Errorf("a start: %v", err)
	}
}

// While Cassandra announces that it has left, its JVM may be killed: it would join again with the same data.
func TestANodeHasLeftWhenItAnnouncesIt(t *testing.T) {
	_, client, _ := leaver(t, "window")
	decommission(t, client)
	await(t, "it says that it has left", func() bool { return statusOf(t, client).Identity.Found == mgmtapi.FoundLeft })
}

// An agent that died before it saw that its node had left hears it from Cassandra, which refuses to start.
func TestAnAgentHearsFromCassandraThatItsNodeHasLeft(t *testing.T) {
	a, client, c := leaver(t, "well")
	member := *statusOf(t, client).Identity
	if err := exec(t.Context(), a.jmx, storageService, "decommission(boolean)", nil, false); err != nil {
		t.Fatal(err)
	}
	if err := a.stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := a.writeIdentity(member); err != nil { // as if nobody had asked the agent meanwhile
		t.Fatal(err)
	}
	again, client, _ := serve(t, c)
	if err := client.Start(t.Context(), mgmtapi.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	<-again.died
	if id := statusOf(t, client).Identity; id.Found != mgmtapi.FoundLeft || id.HostID != member.HostID {
		t.Errorf("after Cassandra's refusal: %+v", id)
	}
}

// A node that leaves is a member that serves. Its streams are told, and it isn't asked twice.
func TestANodeThatLeaves(t *testing.T) {
	a, client, _ := leaver(t, "stuck")
	id := decommission(t, client)
	await(t, "it is leaving", func() bool { return statusOf(t, client).OperationMode == mgmtapi.ModeLeaving })
	if s := statusOf(t, client); s.State != mgmtapi.Running || s.Identity.Found != mgmtapi.FoundMember || !s.NativeTransport || len(s.Hints) != 1 || s.Hints[0] != "away" {
		t.Errorf("%+v, identity %+v", s, s.Identity)
	}
	if again := decommission(t, client); again != id {
		t.Errorf("asked twice: jobs %s and %s", id, again)
	}
	streams, err := client.Streams(t.Context())
	if want := (mgmtapi.Stream{Plan: "p1", Operation: "Unbootstrap", Peer: "10.0.0.2", Session: "STREAMING", ToSend: 500, Sent: 40}); err != nil || len(streams) != 1 || streams[0] != want {
		t.Errorf("streams %+v, %v", streams, err)
	}
	if err := syscall.Kill(statusOf(t, client).PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-a.died
	await(t, "the job fails", func() bool {
		job, err := client.Job(t.Context(), id)
		return err == nil && job.Status == mgmtapi.JobError
	})
	if id := statusOf(t, client).Identity; id.Found != mgmtapi.FoundMember {
		t.Errorf("after its JVM was killed: %+v", id)
	}
}
