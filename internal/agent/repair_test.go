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
