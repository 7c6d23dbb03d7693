package agent

import (
	"strings"
	"testing"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// Cassandra leaves out of a rebuild what it remembers to have streamed. That is kept after a try that failed, as long as
// nobody has altered a keyspace: replicas that were taken away and given again would stay empty.
func TestARebuildSkipsOnlyWhatTheFailedTryBeforeStreamed(t *testing.T) {
	_, client, _ := serve(t, testConfig(t, &output{}))
	if err := client.Start(t.Context(), mgmtapi.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	await(t, "running", running(t, client))
	rebuild := func(source string) (job mgmtapi.Job) {
		t.Helper()
		id, err := client.Rebuild(t.Context(), source)
		if err != nil {
			t.Fatal(err)
		}
		await(t, "the end of the rebuild", func() bool {
			job, err = client.Job(t.Context(), id)
			return err == nil && job.Status != mgmtapi.JobWaiting
		})
		return job
	}
	endpoints, err := client.Endpoints(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	datacenter := endpoints[0].Datacenter
	fails := func(why, skipped string) {
		t.Helper()
		if job := rebuild("nowhere"); !strings.Contains(job.Error, skipped) {
			t.Errorf("%s: %s, want %s", why, job.Error, skipped)
		}
	}
	fails("the first try", "skipped []")
	fails("a try after a failed one", "skipped [shop]")
	if job := rebuild(datacenter); job.Error != "" {
		t.Fatal(job.Error)
	}
	fails("after one that went well", "skipped []")
	if err := client.CreateKeyspace(t.Context(), "shop", map[string]int{datacenter: 1}); err != nil {
		t.Fatal(err)
	}
	fails("after a change of the schema", "skipped []")
}
