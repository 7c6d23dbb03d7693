package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

func itoa(n int) string { return strconv.Itoa(n) }

func quietJobs() *jobs { return newJobs(slog.New(slog.DiscardHandler)) }

// begun submits a job.
func begun(t *testing.T, j *jobs, do func(context.Context) error) string {
	t.Helper()
	id, err := j.submit(t.Context(), "a", do)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func succeeds(context.Context) error { return nil }

func hasEnded(j *jobs, id string) func() bool {
	return func() bool { job, ok := j.get(id); return ok && job.Status != mgmtapi.JobWaiting }
}

func TestJobsRunOneAtATime(t *testing.T) {
	j := quietJobs()
	enter, leave := make(chan struct{}), make(chan struct{})
	work := func(context.Context) error { enter <- struct{}{}; <-leave; return nil }
	first, second := begun(t, j, work), begun(t, j, work)
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
	j := quietJobs()
	id := begun(t, j, func(context.Context) error { return errors.New("no disk") })
	await(t, "it ends", func() bool { job, _ := j.get(id); return job.Status == mgmtapi.JobError && job.Error == "no disk" })
}

// past puts jobs that have ended before those that follow.
func past(j *jobs, n int) (ids []string) {
	for i := range n {
		id := fmt.Sprintf("past-%d", i)
		j.all[id], j.order = &mgmtapi.Job{ID: id, Type: "past", Status: mgmtapi.JobCompleted, EndTime: millis(time.Now())}, append(j.order, id)
		ids = append(ids, id)
	}
	return ids
}

func TestTheLastThousandJobsAreRemembered(t *testing.T) {
	j := quietJobs()
	ids := past(j, rememberedJobs)
	for range 2 {
		ids = append(ids, begun(t, j, succeeds))
	}
	for i, want := range map[int]bool{0: false, 1: false, 2: true, rememberedJobs + 1: true} {
		if _, there := j.get(ids[i]); there != want {
			t.Errorf("job %d is there: %t", i, there)
		}
	}
}

// The jobs that have ended are forgotten before one that runs, however long that takes.
func TestAJobThatRunsIsNotForgotten(t *testing.T) {
	j := quietJobs()
	goOn := make(chan struct{})
	long := begun(t, j, func(context.Context) error { <-goOn; return nil })
	past(j, rememberedJobs)
	j.forget(time.Now())
	if _, there := j.get("past-0"); there || len(j.order) != rememberedJobs {
		t.Errorf("%d jobs, with the oldest that has ended: %t", len(j.order), there)
	}
	j.forget(time.Now().Add(2 * jobMemory))
	if job, there := j.get(long); !there || job.Status != mgmtapi.JobWaiting || len(j.order) != 1 {
		t.Errorf("%+v, %d jobs", job, len(j.order))
	}
	close(goOn)
	await(t, "it ends", hasEnded(j, long))
}

// A caller that is gone learns no id and asks again, so nothing is begun for it.
func TestACallerThatIsGoneHasNoJob(t *testing.T) {
	c := memberConfig(t, "h1")
	j := New(c).jobs
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	if id, err := j.submit(gone, "a", func(context.Context) error { t.Error("it runs"); return nil }); err == nil {
		t.Errorf("job %s", id)
	}
	if len(j.all)+len(recordFiles(t, c)) != 0 {
		t.Errorf("%v, %v", j.all, recordFiles(t, c))
	}
}

// memberConfig is an agent's on the volume of a member.
func memberConfig(t *testing.T, hostID string) Config {
	t.Helper()
	c := testConfig(t, &output{})
	local := filepath.Join(c.DataDir, "data", "system", "local-1")
	if err := os.MkdirAll(local, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, local, map[string][]byte{"nb-1-big-Data.db": nil})
	identify(t, c, mgmtapi.Identity{Found: mgmtapi.FoundMember, HostID: hostID, Cluster: "ring", Datacenter: "dc1", Rack: "rack1"})
	return c
}

func identify(t *testing.T, c Config, id mgmtapi.Identity) {
	t.Helper()
	data, err := json.Marshal(id)
	if err != nil {
		t.Fatal(err)
	}
	write(t, c.DataDir, map[string][]byte{identityFile: data})
}

// recordFiles are the names of what is in the directory of jobs.
func recordFiles(t *testing.T, c Config) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(c.DataDir, jobsDirectory))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// An agent that is killed and started again tells of each job what became of it: again and again the same.
func TestJobsOutliveTheAgent(t *testing.T) {
	c := memberConfig(t, "h1")
	first := New(c).jobs
	good := begun(t, first, succeeds)
	await(t, "it ends", hasEnded(first, good))
	bad := begun(t, first, func(context.Context) error { return errors.New("no disk") })
	await(t, "it ends", hasEnded(first, bad))
	goOn := make(chan struct{})
	runs := begun(t, first, func(context.Context) error { <-goOn; return nil })
	queued := begun(t, first, func(context.Context) error { <-goOn; return nil })
	t.Cleanup(func() { // either of them may be the one that has begun
		close(goOn)
		await(t, "the first process's jobs end", func() bool { return hasEnded(first, runs)() && hasEnded(first, queued)() })
	})
	for range 3 { // the agent starts again, and again
		j := New(c).jobs
		for id, want := range map[string]mgmtapi.Job{
			good: {Status: mgmtapi.JobCompleted}, bad: {Status: mgmtapi.JobError, Error: "no disk"},
			runs: {Status: mgmtapi.JobError, Error: interrupted}, queued: {Status: mgmtapi.JobError, Error: interrupted},
		} {
			job, there := j.get(id)
			if !there || job.ID != id || job.Type != "a" || job.Status != want.Status || job.Error != want.Error || job.SubmitTime == "" || job.EndTime == "" {
				t.Errorf("%+v, want %+v", job, want)
			}
		}
		next := begun(t, j, succeeds)
		await(t, "it ends", hasEnded(j, next))
		if slices.Contains([]string{good, bad, runs, queued}, next) {
			t.Errorf("id %s once more", next)
		}
	}
	await(t, "both are told", func() bool {
		return len(linesWith(c.Output.(*output).String(), "a job was interrupted")) >= 2
	})
	if found := linesWith(c.Output.(*output).String(), "a job was interrupted"); len(found) != 2 {
		t.Errorf("the log: %q", found)
	}
}

// Volumes go from pod to pod, are restored and lost: what is told of a job is told of the data that is there.
func TestJobsOfOtherDataAreNotInherited(t *testing.T) {
	for _, test := range []struct {
		why    string
		change func(t *testing.T, c *Config)
		known  bool // the job
		kept   bool // its record
	}{
		{"nothing has changed", func(*testing.T, *Config) {}, true, true},
		{"the volume is another pod's now, with its data", func(_ *testing.T, c *Config) { c.PodName = "ring-dc1-rack1-sts-7" }, true, true},
		{"the data is another member's", func(t *testing.T, c *Config) {
			identify(t, *c, mgmtapi.Identity{Found: mgmtapi.FoundMember, HostID: "h2", Cluster: "ring", Datacenter: "dc1", Rack: "rack1"})
		}, false, false},
		{"the data is gone and the files are left", func(t *testing.T, c *Config) {
			if err := os.RemoveAll(filepath.Join(c.DataDir, "data")); err != nil {
				t.Fatal(err)
			}
		}, false, false},
		{"the node joins anew", func(t *testing.T, c *Config) {
			identify(t, *c, mgmtapi.Identity{Found: mgmtapi.FoundJoining, Cluster: "ring"})
		}, false, false},
		{"nobody can tell whose data it is", func(t *testing.T, c *Config) { write(t, c.DataDir, map[string][]byte{identityFile: []byte("{")}) }, false, true},
		{"the file has not come along", func(t *testing.T, c *Config) {
			if err := os.Remove(filepath.Join(c.DataDir, identityFile)); err != nil {
				t.Fatal(err)
			}
		}, false, true},
	} {
		t.Run(test.why, func(t *testing.T) {
			c := memberConfig(t, "h1")
			before := New(c).jobs
			id := begun(t, before, succeeds)
			await(t, "it ends", hasEnded(before, id))
			test.change(t, &c)
			again := New(c)
			again.output.ended() // all of its log is written
			if _, known := again.jobs.get(id); known != test.known {
				t.Errorf("the job is known: %t", known)
			}
			if kept := slices.Contains(recordFiles(t, c), id+".json"); kept != test.kept {
				t.Errorf("the record is kept: %t", kept)
			}
			if told := len(linesWith(c.Output.(*output).String(), "jobs")) > 0; told == test.known {
				t.Errorf("the log: %s", c.Output)
			}
		})
	}
}

// One bad record harms itself only, and is told once.
func TestABadRecordIsTold(t *testing.T) {
	c := memberConfig(t, "h1")
	before := New(c).jobs
	id := begun(t, before, succeeds)
	await(t, "it ends", hasEnded(before, id))
	dir := filepath.Join(c.DataDir, jobsDirectory)
	data, err := os.ReadFile(filepath.Join(dir, id+".json"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, map[string][]byte{
		"a-1-cut.json": data[:len(data)/2], "a-2-empty.json": nil, "a-3-other.json": data, "a-4-part.json.part": data, "a-5-null.json": []byte("null"),
		"a-6-large.json": []byte(strings.Repeat(" ", 2*maxRecord) + string(data)),
	})
	if err := os.Symlink("/dev/zero", filepath.Join(dir, "a-7-link.json")); err != nil {
		t.Fatal(err)
	}
	j := New(c).jobs
	if job, there := j.get(id); !there || job.Status != mgmtapi.JobCompleted || len(j.all) != 1 {
		t.Errorf("%+v, %d jobs", job, len(j.all))
	}
	await(t, "all are told", func() bool {
		return len(linesWith(c.Output.(*output).String(), "can't be read and is deleted")) >= 7
	})
	if told := linesWith(c.Output.(*output).String(), "can't be read and is deleted"); len(told) != 7 {
		t.Errorf("%d are told: %q", len(told), told)
	}
	if left := recordFiles(t, c); !slices.Equal(left, []string{id + ".json"}) {
		t.Errorf("left: %q", left)
	}
	if _, err := os.Stat("/dev/zero"); err != nil {
		t.Error(err)
	}
}

// A volume on which nothing can be written, because it is full or broken, keeps neither the agent from its start nor a job from
// being done. A file in the directory's place fails as surely for root, who may write everywhere.
func TestJobsWithoutADisk(t *testing.T) {
	c := memberConfig(t, "h1")
	write(t, c.DataDir, map[string][]byte{jobsDirectory: nil})
	j := New(c).jobs
	id := begun(t, j, succeeds)
	await(t, "it ends", hasEnded(j, id))
	if job, _ := j.get(id); job.Status != mgmtapi.JobCompleted {
		t.Errorf("%+v", job)
	}
	await(t, "both failures are told", func() bool {
		return len(linesWith(c.Output.(*output).String(), `msg="a job can't be recorded: once the agent has ended it counts as failed or is unknown" job=`+id)) == 2
	})
	if _, known := New(c).jobs.get(id); known {
		t.Error("the next agent knows the job")
	}
}

// What is remembered is bounded in number and age, on the volume too.
func TestRecordsAreBounded(t *testing.T) {
	c := memberConfig(t, "h1")
	dir := filepath.Join(c.DataDir, jobsDirectory)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	now, files := time.Now(), map[string][]byte{}
	add := func(id string, at time.Time) {
		data, err := json.Marshal(jobRecord{Job: mgmtapi.Job{ID: id, Type: "a", Status: mgmtapi.JobCompleted, SubmitTime: millis(at), EndTime: millis(at)}, HostID: "h1"})
		if err != nil {
			t.Fatal(err)
		}
		files[id+".json"] = data
	}
	for i := range rememberedJobs + 5 {
		add(fmt.Sprintf("new-%d", i), now.Add(time.Duration(i)*time.Millisecond))
	}
	add("old", now.Add(-jobMemory-time.Hour))
	write(t, dir, files)
	j := New(c).jobs
	for id, want := range map[string]bool{"old": false, "new-0": false, "new-4": false, "new-5": true, "new-1004": true} {
		if _, known := j.get(id); known != want || want != slices.Contains(recordFiles(t, c), id+".json") {
			t.Errorf("%s is known: %t", id, known)
		}
	}
	if n := len(recordFiles(t, c)); n != rememberedJobs {
		t.Errorf("%d records", n)
	}
}

// The record of a job that sets a password, if there ever is one, or whose error is long, stays small.
func TestARecordHasWhatTheAPITells(t *testing.T) {
	c := memberConfig(t, "h1")
	j := New(c).jobs
	id := begun(t, j, func(context.Context) error { return errors.New(strings.Repeat("x", 3*maxJobError)) })
	await(t, "it ends", hasEnded(j, id))
	var record map[string]string
	data, err := os.ReadFile(filepath.Join(c.DataDir, jobsDirectory, id+".json"))
	if err == nil {
		err = json.Unmarshal(data, &record)
	}
	if err != nil || record["status"] != mgmtapi.JobError {
		t.Fatalf("%s, %v", data, err)
	}
	var fields []string
	for name := range record {
		fields = append(fields, name)
	}
	slices.Sort(fields)
	if want := []string{"end_time", "error", "hostID", "id", "status", "submit_time", "type"}; !slices.Equal(fields, want) || record["hostID"] != "h1" || len(record["error"]) != maxJobError {
		t.Errorf("%q, %d bytes of error", fields, len(record["error"]))
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
