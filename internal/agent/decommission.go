package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// decommissionKind is the type of the job.
const decommissionKind = "decommission"

// decommission lets the node leave its ring, beside other jobs: a cleanup of hours must not keep it. One that goes on is not
// asked for twice; Cassandra would answer the second call at once, as if it had been done.
func (a *Agent) decommission(ctx context.Context, force bool) (id string, err error) {
	a.decommissions.Lock()
	defer a.decommissions.Unlock()
	if id := a.jobs.running(decommissionKind); id != "" {
		return id, nil
	}
	run := a.currentRun()
	return a.jobs.beside(ctx, decommissionKind, func(ctx context.Context) error {
		if err := exec(ctx, a.jmx, storageService, "decommission(boolean)", nil, force); err != nil {
			return fmt.Errorf("decommission: %w", err)
		}
		return a.followDecommission(ctx, run)
	})
}

// running is the id of a job of a kind that goes on, "" when there is none.
func (j *jobs) running(kind string) string {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, id := range j.order {
		if job := j.all[id]; job.Type == kind && job.Status == mgmtapi.JobWaiting {
			return id
		}
	}
	return ""
}

// decommissionPause is between two looks at a decommission that somebody else began.
const decommissionPause = time.Second

// followDecommission waits for the end: Cassandra returns at once if the node is leaving already. Its answer alone is no proof.
func (a *Agent) followDecommission(ctx context.Context, run *jvm) error {
	for ; ; time.Sleep(decommissionPause) {
		mode, err := a.operationMode(ctx)
		switch {
		case mode == mgmtapi.ModeDecommissioned:
			a.noteLeft(run)
			return nil
		case run == nil || !run.alive() || a.currentRun() != run:
			return errors.New("decommission: Cassandra ended before the node had left")
		case err == nil && mode != mgmtapi.ModeLeaving:
			return fmt.Errorf("decommission: the node is %s", mode)
		}
	}
}

func (a *Agent) operationMode(ctx context.Context) (mode string, err error) {
	ctx, cancel := context.WithTimeout(ctx, jmxTimeout)
	defer cancel()
	return mode, read(ctx, a.jmx, storageService, "OperationMode", &mode)
}

// hasLeft tells whether the node is no member any more by its own will. Its data is with the others when Cassandra begins to
// announce that it has left, for half a minute; until then the bootstrap state of a member, as the run has been proven to be, is COMPLETED.
// What fails afterwards changes the mode and not that.
func hasLeft(mode, bootstrap string, proven bool) bool {
	return mode == mgmtapi.ModeDecommissioned || bootstrap == "NEEDS_BOOTSTRAP" && (proven || mode == mgmtapi.ModeLeaving)
}

// refusesLeft is in Cassandra's message when a node that has left is started.
const refusesLeft = "This node was decommissioned and will not rejoin the ring"

// noteLeft writes beside the data that its node has left, once.
func (a *Agent) noteLeft(j *jvm) *mgmtapi.Identity {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.jvm == j {
		a.writeLeft()
	}
	return new(a.self)
}

// writeLeft is noteLeft for who holds the lock. Where it can't be written the agent says so and tries again when it is asked.
func (a *Agent) writeLeft() {
	if a.self.Found == mgmtapi.FoundLeft || a.self.HostID == "" {
		return
	}
	left := a.self
	left.Found, left.Error = mgmtapi.FoundLeft, ""
	if err := a.writeIdentity(left); err != nil {
		a.log.Warn("it can't be recorded that the node has left its ring", slog.Any("error", err))
		return
	}
	a.self = left
}

// hintsFor are the host ids of the nodes that hints are kept for; nil when that can't be told.
func hintsFor(a answer) []string {
	var pending []struct {
		HostID string `json:"host_id"`
	}
	if a.decode("PendingHints", &pending) != nil {
		return nil
	}
	ids := []string{}
	for _, one := range pending {
		ids = append(ids, one.HostID)
	}
	return ids
}

// volumeAt measures a file system; nil when it can't be.
func volumeAt(dir string) *mgmtapi.Volume {
	var fs unix.Statfs_t
	if unix.Statfs(dir, &fs) != nil {
		return nil
	}
	return &mgmtapi.Volume{Capacity: int64(fs.Blocks) * fs.Bsize, Free: int64(fs.Bavail) * fs.Bsize}
}

// streams are the sessions that are under way, by operation, in the management API's shape: all values are strings.
func (a *Agent) streams(ctx context.Context) (plans []map[string][]map[string]string, err error) {
	type summary struct {
		Files     int64 `json:"files"`
		TotalSize int64 `json:"totalSize"`
	}
	type progress struct {
		CurrentBytes int64 `json:"currentBytes"`
	}
	var states []struct {
		PlanID      string `json:"planId"`
		Description string `json:"description"`
		Sessions    []struct {
			Peer, State                          string
			ReceivingSummaries, SendingSummaries []summary
			ReceivingFiles, SendingFiles         []progress
		} `json:"sessions"`
	}
	if err := read(ctx, a.jmx, streamManager, "CurrentStreams", &states); err != nil {
		return nil, err
	}
	total := func(all []summary) (files, bytes int64) {
		for _, one := range all {
			files, bytes = files+one.Files, bytes+one.TotalSize
		}
		return files, bytes
	}
	done := func(all []progress) (bytes int64) {
		for _, one := range all {
			bytes += one.CurrentBytes
		}
		return bytes
	}
	text := func(n int64) string { return strconv.FormatInt(n, 10) }
	plans = []map[string][]map[string]string{}
	for _, state := range states {
		sessions := []map[string]string{}
		for _, one := range state.Sessions {
			getFiles, get := total(one.ReceivingSummaries)
			sendFiles, send := total(one.SendingSummaries)
			sessions = append(sessions, map[string]string{
				"STREAM_OPERATION": state.Description, "PEER": one.Peer, "STATE": one.State,
				"TOTAL_FILES_TO_RECEIVE": text(getFiles), "TOTAL_SIZE_TO_RECEIVE": text(get), "TOTAL_SIZE_RECEIVED": text(done(one.ReceivingFiles)),
				"TOTAL_FILES_TO_SEND": text(sendFiles), "TOTAL_SIZE_TO_SEND": text(send), "TOTAL_SIZE_SENT": text(done(one.SendingFiles)),
			})
		}
		plans = append(plans, map[string][]map[string]string{state.PlanID: sessions})
	}
	return plans, nil
}
