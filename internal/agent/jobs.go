package agent

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// jobs runs long operations one after another, as the management API does, and
// remembers the last thousand.
type jobs struct {
	slot chan struct{}

	mu    sync.Mutex
	next  int
	order []string
	all   map[string]*mgmtapi.Job
}

const rememberedJobs = 1000

func newJobs() *jobs { return &jobs{slot: make(chan struct{}, 1), all: map[string]*mgmtapi.Job{}} }

// submit starts do as soon as the jobs before it are done.
func (j *jobs) submit(kind string, do func(context.Context) error) string {
	return j.beside(kind, func(ctx context.Context) error {
		j.slot <- struct{}{}
		defer func() { <-j.slot }()
		return do(ctx)
	})
}

// beside starts do at once.
func (j *jobs) beside(kind string, do func(context.Context) error) string {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.next++
	id := fmt.Sprintf("%s-%d-%d", kind, time.Now().UnixMilli(), j.next)
	j.all[id] = &mgmtapi.Job{ID: id, Type: kind, Status: mgmtapi.JobWaiting, SubmitTime: now()}
	j.order = append(j.order, id)
	if len(j.order) > rememberedJobs {
		delete(j.all, j.order[0])
		j.order = j.order[1:]
	}
	go func() { j.finish(id, do(context.Background())) }()
	return id
}

func (j *jobs) finish(id string, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	job := j.all[id]
	if job == nil {
		return
	}
	job.Status, job.EndTime = mgmtapi.JobCompleted, now()
	if err != nil {
		job.Status, job.Error = mgmtapi.JobError, err.Error()
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

func now() string { return strconv.FormatInt(time.Now().UnixMilli(), 10) }
