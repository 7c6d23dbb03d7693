package agent

import (
	"strings"
	"testing"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// Cassandra says that a repair is complete whatever came of it; its status knows.
func TestARepairThatFailedIsSaidToHaveFailed(t *testing.T) {
	_, client, _ := serve(t, testConfig(t, &output{}))
	if err := client.Start(t.Context(), mgmtapi.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	await(t, "running", running(t, client))
	for keyspace, want := range map[string]string{"system_auth": "", "system_distributed": "", "system_traces": "Endpoint not alive: /10.0.0.2:7000"} {
		id, err := client.Repair(t.Context(), mgmtapi.RepairOptions{Keyspace: keyspace, Full: true})
		if err != nil {
			t.Fatal(err)
		}
		var job mgmtapi.Job
		await(t, "the repair of "+keyspace+" ends", func() bool {
			job, err = client.Job(t.Context(), id)
			return err != nil || job.Status != mgmtapi.JobWaiting
		})
		failed := job.Status == mgmtapi.JobError
		if err != nil || failed != (want != "") || !strings.Contains(job.Error, want) || !strings.HasPrefix(job.ID, "repair-") {
			t.Errorf("%s: %+v, %v", keyspace, job, err)
		}
	}
}

// Cassandra numbers its repairs from one again at each start: another one's end is not that of the one before the start.
func TestARepairEndsWithItsJVM(t *testing.T) {
	_, client, _ := serve(t, testConfig(t, &output{}))
	start := func() {
		t.Helper()
		if err := client.Start(t.Context(), mgmtapi.StartOptions{}); err != nil {
			t.Fatal(err)
		}
		await(t, "running", running(t, client))
	}
	repair := func(keyspace string) string {
		t.Helper()
		id, err := client.Repair(t.Context(), mgmtapi.RepairOptions{Keyspace: keyspace, Full: true})
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	ended := func(id string) (job mgmtapi.Job) {
		t.Helper()
		await(t, id+" ends", func() bool {
			var err error
			job, err = client.Job(t.Context(), id)
			return err == nil && job.Status != mgmtapi.JobWaiting
		})
		return job
	}
	start()
	if err := client.CreateKeyspace(t.Context(), "endless", map[string]int{"dc1": 3}); err != nil {
		t.Fatal(err)
	}
	interrupted := repair("endless")
	if err := client.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	start()
	if job := ended(repair("system_distributed")); job.Error != "" {
		t.Errorf("the repair after the start: %+v", job)
	}
	if job := ended(interrupted); job.Status != mgmtapi.JobError || !strings.Contains(job.Error, "Cassandra ended before its repair did") {
		t.Errorf("the repair before the start: %+v", job)
	}
}

// The agent is killed while Cassandra repairs, and Cassandra with it: the next one tells so, and is asked anew.
func TestAJobOfAKilledAgent(t *testing.T) {
	c := testConfig(t, nil)
	cmd, client := process(t, c)
	if err := client.CreateKeyspace(t.Context(), "endless", map[string]int{"dc1": 3}); err != nil {
		t.Fatal(err)
	}
	running, err := client.Repair(t.Context(), mgmtapi.RepairOptions{Keyspace: "endless", Full: true})
	if err != nil {
		t.Fatal(err)
	}
	done, err := client.Cleanup(t.Context(), mgmtapi.CleanupOptions{Keyspace: "system_auth"})
	if err != nil {
		t.Fatal(err)
	}
	await(t, "the cleanup ends", func() bool {
		job, err := client.Job(t.Context(), done)
		return err == nil && job.Status == mgmtapi.JobCompleted
	})
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
	_, client = process(t, c)
	if job, err := client.Job(t.Context(), running); err != nil || job.Status != mgmtapi.JobError || job.Error != interrupted {
		t.Errorf("the repair: %+v, %v", job, err)
	}
	if job, err := client.Job(t.Context(), done); err != nil || job.Status != mgmtapi.JobCompleted {
		t.Errorf("the cleanup: %+v, %v", job, err)
	}
	if id, err := client.Cleanup(t.Context(), mgmtapi.CleanupOptions{Keyspace: "system_auth"}); err != nil || id == done {
		t.Errorf("the next cleanup: %s, %v", id, err)
	}
}
