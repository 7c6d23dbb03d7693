package agent

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// Whether a JVM hangs is told by whether it answers its agent. One that is busy with an operation for long answers, or each long
// compaction would look like that. One that is stopped doesn't, and it ends with its pod all the same.
func TestARealJVMThatHangs(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Cassandra")
	}
	c := realConfig(t)
	c.Input.CassandraYAML = map[string]any{"num_tokens": 2}
	c.StopGrace = time.Second
	a, client, _ := serve(t, c)
	is := func(what string, seen func(mgmtapi.Status) bool) mgmtapi.Status {
		t.Helper()
		for end := time.Now().Add(realPatience); ; time.Sleep(200 * time.Millisecond) {
			s, err := client.Status(t.Context())
			switch {
			case err == nil && seen(s):
				return s
			case time.Now().After(end):
				t.Fatalf("%s: %+v, %v; the log:\n%s", what, s, err, lastOf(c.Output.(*output).String()))
			}
		}
	}
	runs := func(s mgmtapi.Status) bool {
		return s.State == mgmtapi.Running && s.NativeTransport && s.Unanswered == 0
	}
	signal := func(pid int, s syscall.Signal) {
		t.Helper()
		if err := syscall.Kill(pid, s); err != nil {
			t.Fatal(err)
		}
	}
	if err := client.Start(t.Context(), mgmtapi.StartOptions{FirstBoot: true}); err != nil {
		t.Fatal(err)
	}
	first := is("it runs", runs)
	a.answersWhileBusy(t)
	signal(first.PID, syscall.SIGSTOP)
	hung := is("it hangs", func(s mgmtapi.Status) bool { return s.Unanswered > 2 })
	if hung.State != mgmtapi.Starting || hung.OperationMode != "" || hung.PID != first.PID {
		t.Errorf("a JVM that hangs: %+v", hung)
	}
	signal(first.PID, syscall.SIGCONT)
	is("it answers again", runs)
	signal(first.PID, syscall.SIGSTOP)
	is("it hangs again", func(s mgmtapi.Status) bool { return s.Unanswered > 0 })
	if err := a.stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := client.Start(t.Context(), mgmtapi.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	if second := is("it runs anew", runs); second.PID == first.PID || second.Identity.HostID != first.Identity.HostID {
		t.Errorf("after its end: %+v, before: %+v", second, first)
	}
}

// answersWhileBusy asks for the state while the JVM does something that takes long, and isn't asked for it by anybody else.
func (a *Agent) answersWhileBusy(t *testing.T) {
	t.Helper()
	ended := make(chan error, 1)
	go func() {
		const millis, size, results = 20000, 10, 10
		ended <- exec(t.Context(), a.jmx, storageService, "samplePartitions(int,int,int,java.util.List)", nil, millis, size, results, []string{"READS"})
	}()
	for range 5 {
		ctx, cancel := context.WithTimeout(t.Context(), askBriefly)
		if s := a.status(ctx); s.State != mgmtapi.Running {
			t.Errorf("a JVM that is busy: %+v", s)
		}
		cancel()
		select {
		case err := <-ended:
			t.Fatalf("it isn't busy any more: %v", err)
		case <-time.After(100 * time.Millisecond):
		}
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
