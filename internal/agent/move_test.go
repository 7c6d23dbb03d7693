package agent

import (
	"strings"
	"testing"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// A move is a job; asked for again, which is what an operator does that has ended in between, it is done at once.
func TestANodeMoves(t *testing.T) {
	c := testConfig(t, &output{})
	_, client, base := serve(t, c)
	if err := client.Start(t.Context(), mgmtapi.StartOptions{InitialTokens: []string{"5"}, AutoBootstrap: new(false), FirstBoot: true}); err != nil {
		t.Fatal(err)
	}
	await(t, "running", running(t, client))
	exchange{why: "no token", path: "POST /api/v0/ops/node/move", code: 400, answer: "newToken"}.try(t, base)
	for range 2 {
		id, err := client.MoveToken(t.Context(), "-77")
		if err != nil || !strings.HasPrefix(id, "move-") {
			t.Fatalf("%q, %v", id, err)
		}
		var job mgmtapi.Job
		await(t, "the move ends", func() bool {
			job, err = client.Job(t.Context(), id)
			return err == nil && job.Status != mgmtapi.JobWaiting
		})
		if job.Status != mgmtapi.JobCompleted {
			t.Fatalf("%+v", job)
		}
	}
	view, err := client.Endpoints(t.Context())
	if err != nil || len(view) != 1 || strings.Join(view[0].Tokens, ",") != "-77" {
		t.Errorf("%+v, %v", view, err)
	}
}
