package agent

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// jobsDirectory is beside the data, on the same volume, so that the records come and go with it. Cassandra has directories of
// its own there and reads no other.
const jobsDirectory = "ringspan-jobs"

// jobRecords are the jobs as the data volume keeps them, a file each, so that a bad one harms itself only. They hold what the
// API tells of a job and whose it is; nothing of what was asked for but its kind, and so no secret.
//
// A volume that can't be written doesn't keep the agent or Cassandra from anything. Then a job that ends is told to have failed
// after a restart, or isn't known, and its caller submits it again.
type jobRecords struct {
	dir    string
	member func() string // host id of the node, empty while that isn't known
	log    *slog.Logger
}

// jobRecord is what a file holds.
type jobRecord struct {
	mgmtapi.Job

	HostID string `json:"hostID"` // of the member whose data the job was about; none of a node that wasn't one yet
}

// maxRecord bounds a record: errors are clipped, so that none of ours is larger.
const maxRecord = 64 << 10

func (r *jobRecords) path(id string) string { return filepath.Join(r.dir, id+".json") }

// write puts a job on record.
func (r *jobRecords) write(job mgmtapi.Job) {
	if r == nil {
		return
	}
	data, err := json.Marshal(jobRecord{Job: job, HostID: r.member()})
	if err == nil {
		err = r.makeDirectory()
	}
	if err == nil {
		err = writeDurably(r.path(job.ID), append(data, '\n'))
	}
	if err != nil {
		r.log.Warn("a job can't be recorded: once the agent has ended it counts as failed or is unknown", "job", job.ID, "error", err)
	}
}

func (r *jobRecords) makeDirectory() error {
	if err := os.Mkdir(r.dir, 0o700); errors.Is(err, fs.ErrExist) {
		return nil
	} else if err != nil {
		return err
	}
	return syncDirectory(filepath.Dir(r.dir))
}

// remove forgets a job; one that isn't there is no error.
func (r *jobRecords) remove(id string) {
	if r != nil {
		r.delete(r.path(id))
	}
}

func (r *jobRecords) delete(path string) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.log.Warn("a job's record can't be deleted", "file", path, "error", err)
	}
}

// load reads the records of the node whose data was found. Those of another member, which came with a volume, and those of
// data that is gone say nothing of this node and are deleted. What can't be read is told; it is deleted if it is no record.
// While nobody can tell whose data there is, all stay as they are.
func (r *jobRecords) load(found mgmtapi.Identity) (all []mgmtapi.Job) {
	if r == nil {
		return nil
	}
	entries, err := os.ReadDir(r.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.log.Warn("the jobs of the agent's former runs can't be read", "error", err)
	}
	if len(entries) > 0 && (found.Found == mgmtapi.FoundUnreadable || found.Found == mgmtapi.FoundData) {
		r.log.Warn("the jobs of the agent's former runs are left alone: whose data the volume holds isn't known", "found", string(found.Found))
		return nil
	}
	others := 0
	for _, e := range entries {
		path := filepath.Join(r.dir, e.Name())
		record, err := readRecord(path)
		switch {
		case errors.Is(err, errNoRecord):
			r.log.Warn("a job's record can't be read and is deleted", "file", path, "error", err)
			r.delete(path)
		case err != nil:
			r.log.Warn("a job's record can't be read", "file", path, "error", err)
		case found.Found != mgmtapi.FoundMember || record.HostID != found.HostID:
			others++
			r.delete(path)
		default:
			all = append(all, record.Job)
		}
	}
	if others > 0 {
		r.log.Warn("records of jobs on this volume are not of the data that it holds, and are deleted", "records", others)
	}
	return all
}

// errNoRecord is a file that can be read and is no record.
var errNoRecord = errors.New("no record of a job")

func readRecord(path string) (record jobRecord, err error) {
	info, err := os.Lstat(path)
	if err != nil {
		return record, err
	}
	if !info.Mode().IsRegular() || strings.HasSuffix(path, partSuffix) {
		return record, errNoRecord
	}
	file, err := os.Open(path)
	if err != nil {
		return record, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxRecord))
	if err != nil {
		return record, err
	}
	if err := json.Unmarshal(data, &record); err != nil {
		return record, fmt.Errorf("%w: %w", errNoRecord, err)
	}
	if record.ID+".json" != filepath.Base(path) || record.Type == "" || millisOf(record.SubmitTime) == 0 {
		return record, fmt.Errorf("%w: it doesn't say whose it is", errNoRecord)
	}
	return record, nil
}
