package aws

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringspan/ringspan/internal/fleet/provision"
)

// A region that the account must opt in to is named, and so is one that AWS
// doesn't have. Nothing is made.
func TestRegionThatIsNotEnabled(t *testing.T) {
	e := serve(t)
	before := e.left()
	name, s := spec(t, twoRegions)
	for region, says := range map[string]string{"af-south-1": "not enabled", "eu-nowhere-9": "not a region"} {
		wrong := *s.DeepCopy()
		wrong.Regions[1].Name = region
		_, err := provision.Up(t.Context(), e.cloud(), provision.Request{Fleet: name, Spec: wrong, NetworkOnly: true}, time.Now(), provision.Watch{})
		if err == nil || !strings.Contains(err.Error(), region) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: up said %v", region, err)
		}
	}
	if left := e.left(); !slices.Equal(left, before) {
		t.Errorf("before: %v\nafter: %v", before, left)
	}
}

// Each quota that a fleet meets is checked before anything is made.
func TestEveryQuotaIsRefusedFirst(t *testing.T) {
	for code, what := range map[string]string{"L-F678F1CE": "VPCs", "L-A4707A72": "internet gateways", "L-0263D0A3": "Elastic IP", "L-1194D53C": "EKS clusters", "L-1216C47A": "on demand"} {
		t.Run(what, func(t *testing.T) {
			e := serve(t)
			before := e.left()
			e.drive(http.MethodPut, "quotas", map[string]any{"region": "eu-central-1", "code": code, "value": 0}, nil)
			_, err := provision.Up(t.Context(), e.cloud(), request(t, article, false), time.Now(), provision.Watch{})
			if err == nil || !strings.Contains(err.Error(), what) || !strings.Contains(err.Error(), "eu-central-1") || !strings.Contains(err.Error(), code) {
				t.Errorf("up said %v", err)
			}
			if left := e.left(); !slices.Equal(left, before) {
				t.Errorf("before: %v\nafter: %v", before, left)
			}
		})
	}
}

// Machines of spot and those that somebody else runs are counted too.
func TestVirtualCPUsAreCounted(t *testing.T) {
	e := serve(t)
	c, w := e.cloud(), request(t, strings.ReplaceAll(twoRegions, "{count: 2}", "{count: 2, capacity: spot, instanceType: m5.xlarge}"), false)
	e.drive(http.MethodPut, "quotas", map[string]any{"code": "L-1216C47A", "value": 0}, nil)
	e.drive(http.MethodPut, "quotas", map[string]any{"code": "L-34B43A08", "value": 11}, nil)
	up(t, c, w)
	w.Spec.Regions[0].Nodes.Count = 3
	_, err := provision.Up(t.Context(), c, w, time.Now(), provision.Watch{})
	if err == nil || !strings.Contains(err.Error(), "eu-west-1: 4 virtual CPUs of standard spot instances are needed, 8 of 11 are in use") {
		t.Errorf("up said %v", err)
	}
}

// A fleet whose file is lost goes by its name alone.
func TestDownWithoutTheFile(t *testing.T) {
	e := serve(t)
	before := e.left()
	c, w := e.cloud(), request(t, article, false)
	up(t, c, w)
	if _, err := provision.Down(t.Context(), c, w.Fleet, nil, time.Now(), provision.Watch{}); err != nil {
		t.Fatal(err)
	}
	if left := e.left(); !slices.Equal(left, before) {
		t.Errorf("left is %v", left)
	}
}

// Fleets are found by their tags, with the time at which they may go.
func TestExpiredFleetsAreFound(t *testing.T) {
	e := serve(t)
	c := e.cloud()
	kept, gone := request(t, strings.Replace(twoRegions, "name: pair", "name: kept", 1), true), request(t, twoRegions, true)
	gone.Spec.Expires = "2026-01-31"
	up(t, c, kept)
	before := e.left()
	up(t, c, gone)
	all, err := c.Fleets(t.Context())
	if err != nil || len(all) != 2 {
		t.Fatalf("%v: %+v", err, all)
	}
	if all[0].Name != "kept" || !all[0].Deadline.IsZero() {
		t.Errorf("a fleet without an end: %+v", all[0])
	}
	if f := all[1]; f.Name != "pair" || !f.Deadline.Before(time.Date(2026, 2, 2, 0, 0, 0, 0, time.UTC)) || f.Deadline.IsZero() || !slices.Equal(f.Regions, []string{"eu-central-1", "eu-west-1"}) {
		t.Errorf("the other: %+v", f)
	}
	if _, err := provision.Down(t.Context(), c, all[1].Name, nil, time.Now(), provision.Watch{}); err != nil {
		t.Fatal(err)
	}
	if left := e.left(); !slices.Equal(left, before) {
		t.Errorf("left is %v, and %v should be", left, before)
	}
	once(t, c, kept)
}

// Calls grow no faster than what is made: neither the search nor the waiting
// costs more a resource when there are more of them.
func TestCallsGrowWithResources(t *testing.T) {
	e := serve(t)
	e.drive(http.MethodPut, "quotas", map[string]any{"code": "L-0263D0A3", "value": 20}, nil)
	var first float64
	for _, n := range []int{3, 6, 10} {
		w := request(t, manyRegions(n), true)
		c := e.cloud()
		d := up(t, c, w)
		made := len(d.Wanted.Resources)
		plan := e.cloud()
		once(t, plan, w)
		leaving := e.cloud()
		down(t, leaving, w)
		per := float64(c.Calls.Total()) / float64(made)
		t.Logf("%d regions: %d resources; %d calls of up (%.2f a resource), %d of a plan of what is there, %d of down", n, made, c.Calls.Total(), per, plan.Calls.Total(), leaving.Calls.Total())
		if first == 0 {
			first = per
		}
		if per > 1.1*first {
			t.Errorf("%d regions take %.2f calls a resource, 3 regions %.2f", n, per, first)
		}
	}
}

// manyRegions is a fleet in the first n regions.
func manyRegions(n int) string {
	all := []string{"eu-west-1", "eu-central-1", "us-east-1", "us-east-2", "us-west-2", "eu-west-2", "eu-west-3", "eu-north-1", "ap-south-1", "ap-southeast-1"}
	var b strings.Builder
	b.WriteString("apiVersion: fleet.ringspan.io/v1alpha1\nkind: Fleet\nmetadata: {name: many}\nspec:\n  provider: aws\n  regions:\n")
	for _, r := range all[:n] {
		fmt.Fprintf(&b, "    - {name: %s}\n", r)
	}
	return b.String()
}
