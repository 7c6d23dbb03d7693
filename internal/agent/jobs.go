package agent

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// jobs runs long operations one after another, as the management API does. It remembers the last rememberedJobs of the last
// jobMemory, also those of the agent's former processes: Cassandra ends with the agent, so what had not ended by then has failed.
type jobs struct {
	slot    chan struct{}
	log     *slog.Logger
	records *jobRecords // nil: nothing outlives the process

	mu    sync.Mutex
	order []string // ids, the oldest first
	all   map[string]*mgmtapi.Job
}

const (
	rememberedJobs = 1000
	jobMemory      = 30 * 24 * time.Hour
)

// interrupted is the error of a job that the agent found unfinished when it started.
const interrupted = "the agent ended before the job did, and Cassandra with it; whether it was done can't be known, so submit it again"

func newJobs(log *slog.Logger) *jobs {
	return &jobs{slot: make(chan struct{}, 1), log: log, all: map[string]*mgmtapi.Job{}}
}

// resume takes over what the data volume says of the jobs of the node whose data was found.
func (j *jobs) resume(found mgmtapi.Identity, at time.Time) {
	known := j.records.load(found)
	slices.SortStableFunc(known, func(a, b mgmtapi.Job) int { return cmp.Compare(millisOf(a.SubmitTime), millisOf(b.SubmitTime)) })
	for i := range known {
		job := &known[i]
		j.all[job.ID], j.order = job, append(j.order, job.ID)
		if job.Status == mgmtapi.JobWaiting {
			job.Status, job.Error, job.EndTime = mgmtapi.JobError, interrupted, millis(at)
			j.log.Warn("a job was interrupted", "job", job.ID, "type", job.Type)
			j.records.write(*job)
		}
	}
	j.forget(at)
}

// submit starts do as soon as the jobs before it are done. It fails only when the caller is gone before the job is on record:
// then nobody would know its id, and the caller asks again.
func (j *jobs) submit(ctx context.Context, kind string, do func(context.Context) error) (id string, err error) {
	return j.beside(ctx, kind, func(ctx context.Context) error {
		j.slot <- struct{}{}
		defer func() { <-j.slot }()
		return do(ctx)
	})
}

// beside starts do at once.
func (j *jobs) beside(ctx context.Context, kind string, do func(context.Context) error) (id string, err error) {
	at := time.Now()
	id = newJobID(kind, at)
	job := &mgmtapi.Job{ID: id, Type: kind, Status: mgmtapi.JobWaiting, SubmitTime: millis(at)}
	j.records.write(*job) // before it begins: a crash doesn't make it unknown
	if err := ctx.Err(); err != nil {
		j.records.remove(id)
		return "", fmt.Errorf("the job is not begun: %w", err)
	}
	j.mu.Lock()
	j.all[id], j.order = job, append(j.order, id) // job is whoever has the lock's from now on
	j.mu.Unlock()
	j.forget(at)
	rest := context.WithoutCancel(ctx) // it goes on when the caller has its answer
	go func() { j.finish(id, do(rest), at) }()
	return id, nil
}

// newJobID is an id that no job of any node has had: volumes change pods.
func newJobID(kind string, at time.Time) string {
	return fmt.Sprintf("%s-%d-%s", kind, at.UnixMilli(), strings.ToLower(rand.Text()[:13]))
}

// finish puts the end of a job on record and then tells of it, so that no restart makes anybody unlearn it.
func (j *jobs) finish(id string, err error, begun time.Time) {
	done, known := j.get(id)
	if !known { // forgotten meanwhile
		return
	}
	done.Status, done.EndTime = mgmtapi.JobCompleted, millis(time.Now())
	if err != nil {
		done.Status, done.Error = mgmtapi.JobError, clip(err.Error(), maxJobError)
	}
	j.records.write(done)
	j.mu.Lock()
	if job := j.all[id]; job != nil {
		*job = done
	} else {
		defer j.records.remove(id)
	}
	j.mu.Unlock()
	level, attrs := slog.LevelInfo, []slog.Attr{slog.String("job", id), slog.String("type", done.Type), slog.String("status", done.Status)}
	if err != nil {
		level, attrs = slog.LevelWarn, append(attrs, slog.String("error", clip(done.Error, maxLogged)))
	}
	j.log.LogAttrs(context.Background(), level, "a job ended", append(attrs, slog.Duration("took", time.Since(begun).Round(time.Millisecond)))...)
}

// maxJobError is how many bytes of an error are kept.
const maxJobError = 4000

// forget drops the oldest jobs that have ended, beyond what is remembered. One that runs is dropped only when there are that
// many of them.
func (j *jobs) forget(at time.Time) {
	j.mu.Lock()
	var gone []string
	drop := func(i int) {
		gone = append(gone, j.order[i])
		delete(j.all, j.order[i])
		j.order = slices.Delete(j.order, i, i+1)
	}
	ended := func(id string) bool { return j.all[id].Status != mgmtapi.JobWaiting }
	for len(j.order) > rememberedJobs {
		drop(max(0, slices.IndexFunc(j.order, ended)))
	}
	oldest := at.Add(-jobMemory).UnixMilli()
	for _, id := range slices.Clone(j.order) {
		if ended(id) && millisOf(j.all[id].EndTime) < oldest {
			drop(slices.Index(j.order, id))
		}
	}
	j.mu.Unlock()
	for _, id := range gone {
		j.records.remove(id)
	}
}

func (j *jobs) get(id string) (mgmtapi.Job, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if job := j.all[id]; job != nil {
		return *job, true
	}
	return mgmtapi.Job{}, false
}

// millis is a time as the management API writes it.
func millis(at time.Time) string { return strconv.FormatInt(at.UnixMilli(), 10) }

// millisOf reads it; 0 is none.
func millisOf(text string) int64 {
	n, _ := strconv.ParseInt(text, 10, 64)
	return n
}
