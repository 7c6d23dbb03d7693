package agent

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

func TestForHowLongAJVMDoesNotAnswer(t *testing.T) {
	var x silence
	one, other, start := &jvm{}, &jvm{}, time.Unix(1000, 0)
	at := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
	for _, step := range []struct {
		reason  string
		jvm     *jvm
		answers bool
		at      int
		want    time.Duration
	}{
		{"it answers", one, true, 0, 0},
		{"it doesn't, for the first time", one, false, 5, 0},
		{"it still doesn't", one, false, 35, 30 * time.Second},
		{"nor a while later", one, false, 65, time.Minute},
		{"it answers again", one, true, 66, 0},
		{"it doesn't, from then on", one, false, 70, 0},
		{"another JVM doesn't", other, false, 100, 0},
		{"that one still doesn't", other, false, 103, 3 * time.Second},
		{"nobody has asked it for long, as on a machine that was frozen: what it did meanwhile isn't known", other, false, 903, 0},
		{"it still doesn't, and was asked", other, false, 908, 5 * time.Second},
	} {
		if got := x.note(step.jvm, step.answers, at(step.at)); got != step.want {
			t.Errorf("%s: %s, want %s", step.reason, got, step.want)
		}
	}
}

// A JVM that lives and doesn't answer, once its node is a member, is told from one that boots, and answers again when it does.
func TestAJVMThatHangsIsTold(t *testing.T) {
	a, client, _ := serve(t, testConfig(t, &output{}))
	if err := client.Start(t.Context(), mgmtapi.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	await(t, "running", running(t, client))
	before, err := client.Status(t.Context())
	if err != nil || before.Unanswered != 0 {
		t.Fatalf("%+v, %v", before, err)
	}
	signal := func(s syscall.Signal) {
		t.Helper()
		if err := syscall.Kill(before.PID, s); err != nil {
			t.Fatal(err)
		}
	}
	signal(syscall.SIGSTOP)
	t.Cleanup(func() { _ = syscall.Kill(before.PID, syscall.SIGCONT) }) // it has ended already, unless the test has failed
	brief, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if s := a.status(brief); s.State != mgmtapi.Starting || s.OperationMode != "" {
		t.Fatalf("a JVM that was stopped: %+v", s)
	}
	await(t, "it hasn't answered for a while", func() bool {
		s, err := client.Status(t.Context())
		return err == nil && s.State == mgmtapi.Starting && s.Unanswered > 0 && s.PID == before.PID
	})
	signal(syscall.SIGCONT)
	await(t, "it answers again", func() bool {
		s, err := client.Status(t.Context())
		return err == nil && s.State == mgmtapi.Running && s.Unanswered == 0
	})
}

func TestAJVMThatBootsIsNotSaidToHang(t *testing.T) {
	a, _, _ := serve(t, testConfig(t, &output{}))
	if got := a.unanswered(&jvm{}, errNoJVM); got != 0 || a.silence.of != nil {
		t.Errorf("a JVM whose node was never a member: %s", got)
	}
}

// Jolokia answers some questions with an error, or with none when it is short of memory. Somebody is there.
func TestAJVMThatRefusesAnswers(t *testing.T) {
	a, _, _ := serve(t, testConfig(t, &output{}))
	j := &jvm{}
	a.proven = j
	if a.unanswered(j, fmt.Errorf("%w: timed out", errNoJVM)); a.silence.of != j {
		t.Error("a member's JVM doesn't answer, and that isn't noted")
	}
	if a.unanswered(j, errors.New("Jolokia refuses the request: out of memory")); a.silence.of != nil {
		t.Error("a JVM that refuses is said not to answer")
	}
}
