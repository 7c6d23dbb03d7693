package agent

import (
	"context"
	"errors"
	"strconv"
	"testing"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

func itoa(n int) string { return strconv.Itoa(n) }

func TestJobsRunOneAtATime(t *testing.T) {
	j := newJobs()
	enter, leave := make(chan struct{}), make(chan struct{})
	work := func(context.Context) error { enter <- struct{}{}; <-leave; return nil }
	first, second := j.submit("a", work), j.submit("b", work)
	<-enter
	select {
	case <-enter:
		t.Fatal("two at once")
	default:
	}
	for _, id := range []string{first, second} {
		if job, _ := j.get(id); job.Status != mgmtapi.JobWaiting || job.EndTime != "" {
			t.Errorf("%+v", job)
		}
	}
	leave <- struct{}{}
	<-enter
	leave <- struct{}{}
	await(t, "both are done", func() bool {
		a, _ := j.get(first)
		b, _ := j.get(second)
		return a.Status == mgmtapi.JobCompleted && b.Status == mgmtapi.JobCompleted
	})
}

func TestAJobThatFailsSaysWhy(t *testing.T) {
	j := newJobs()
	id := j.submit("a", func(context.Context) error { return errors.New("no disk") })
	await(t, "it ends", func() bool { job, _ := j.get(id); return job.Status == mgmtapi.JobError && job.Error == "no disk" })
}

func TestTheLastThousandJobsAreRemembered(t *testing.T) {
	j := newJobs()
	var ids []string
	for range rememberedJobs + 2 {
		ids = append(ids, j.submit("a", func(context.Context) error { return nil }))
	}
	for i, want := range map[int]bool{0: false, 1: false, 2: true, rememberedJobs + 1: true} {
		if _, there := j.get(ids[i]); there != want {
			t.Errorf("job %d is there: %t", i, there)
		}
	}
}

func TestBytesOf(t *testing.T) {
	for text, want := range map[string]float64{"512 bytes": 512, "1.5 KiB": 1536, "2 MiB": 2 << 20, "1,5 GiB": 1.5 * (1 << 30), "": 0, "?": 0} {
		if got := bytesOf(text); got != want {
			t.Errorf("%q is %v, want %v", text, got, want)
		}
	}
}

func TestQuoting(t *testing.T) {
	for in, want := range map[string]string{"a": "'a'", "o'neil": "'o''neil'", "''": "''''''"} {
		if got := quote(in); got != want || unquote(got) != in {
			t.Errorf("%s: %s and back %s", in, got, unquote(got))
		}
	}
	if got := identifier(`a"; DROP`); got != `"a""; DROP"` {
		t.Error(got)
	}
}
