package aws

import (
	"testing"

	"github.com/ringspan/ringspan/internal/fleet/aws"
	"github.com/ringspan/ringspan/internal/fleet/provision"
)

// The network of the article, from nothing and back to nothing.
func TestNetworkFromNothingAndBack(t *testing.T) { life(t, article, true) }

func TestFleetFromNothingAndBack(t *testing.T) { life(t, article, false) }

func life(t *testing.T, text string, networkOnly bool) {
	e := serve(t)
	c := e.cloud()
	before := e.left()
	w := request(t, text, networkOnly)
	plan, err := provision.Plan(t.Context(), c, w)
	if err != nil {
		t.Fatal(err)
	}
	if len(plan.Plan.Steps) == 0 || len(plan.Plan.Refused) > 0 {
		t.Fatalf("the plan of nothing: %v %s", plan.Plan.Refused, plan.Plan.Text())
	}
	up(t, c, w)
	t.Logf("up took %d calls for %d resources", c.Calls.Total(), len(plan.Wanted.Resources))
	again := e.cloud()
	plan, err = provision.Plan(t.Context(), again, w)
	if err != nil || len(plan.Plan.Steps) > 0 || !plan.Plan.Quiet() {
		t.Fatalf("a converged fleet has a plan: %v\n%s", err, plan.Plan.Text())
	}
	for call := range again.Calls.ByCall() {
		if !aws.PolicyFor("aws", w.Fleet).Allows(call) {
			t.Errorf("%s is not in the policy", call)
		}
	}
	t.Logf("the plan of the converged fleet took %d calls", again.Calls.Total())
	down(t, c, w)
	if left := e.left(); len(left) != len(before) {
		t.Errorf("before: %v\nleft: %v", before, left)
	}
}
