package provision

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/fleet/cost"
	"github.com/ringspan/ringspan/internal/fleet/infra"
	"github.com/ringspan/ringspan/internal/network"
	"github.com/ringspan/ringspan/internal/plan"
)

// cloud is a provider in memory. What it makes is there at once.
type cloud struct {
	wanted  []infra.Resource
	fails   map[string]error // by verb and logical id
	refuses error            // to say what it offers
	silent  error            // to say what is there
	lags    int              // so many observations don't show what was made

	mu        sync.Mutex
	there     []infra.Found
	done      []string // steps, in the order of their ends
	announced int
}

func (c *cloud) Question(fleet string, spec *fleetv1.FleetSpec) Question {
	return Question{Fleet: fleet, ID: "id", Spec: spec}
}

func (c *cloud) Desire(infra.Input) (*infra.Desired, error) {
	return &infra.Desired{Resources: c.wanted, Tags: map[string]string{}}, nil
}

func (c *cloud) Observe(context.Context, Question) (*infra.Seen, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.silent != nil {
		return nil, c.silent
	}
	if c.lags > 0 && len(c.done) > 0 {
		c.lags--
		return &infra.Seen{}, nil
	}
	return &infra.Seen{Found: slices.Clone(c.there)}, nil
}

func (c *cloud) Apply(_ context.Context, t Task) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	name := string(t.Step.Verb) + " " + t.Step.ID
	if err := c.fails[name]; err != nil {
		return "", err
	}
	t.Waits("the cloud to do it")
	physical := "p-" + t.Step.ID
	refs := map[string]string{}
	if t.Step.Resource != nil {
		for ref, id := range t.Step.Resource.Refs {
			if refs[ref] = t.Physical(id); refs[ref] == "" {
				return "", fmt.Errorf("%s was done before %s is there", name, id)
			}
		}
	}
	is := func(f infra.Found) bool { return f.Physical == physical || f.Physical == t.Step.Physical }
	c.there = slices.DeleteFunc(c.there, is)
	if t.Step.Verb != infra.Delete {
		c.there = append(c.there, infra.Found{ID: t.Step.ID, Kind: t.Step.Kind, Region: t.Step.Region, Physical: physical, State: infra.Ready, Refs: refs})
	}
	c.done = append(c.done, name)
	return physical, nil
}

func (c *cloud) Preflight(context.Context, Question) (*infra.Offer, error) {
	return &infra.Offer{Zones: map[string][]infra.Zone{"r": {{Name: "a"}}}}, c.refuses
}

func (c *cloud) Announce(context.Context, *infra.Seen, time.Time) func(context.Context) {
	c.announced++
	return func(context.Context) { c.announced-- }
}

func (c *cloud) Pause(context.Context, int) error { return nil }

// network and two subnets in it.
func wanted() []infra.Resource {
	in := map[string]string{"vpc": "r/vpc"}
	return []infra.Resource{
		{ID: "r/vpc", Kind: infra.Network, Region: "r"},
		{ID: "r/subnet/a", Kind: infra.Subnet, Region: "r", Refs: in},
		{ID: "r/subnet/b", Kind: infra.Subnet, Region: "r", Refs: in},
	}
}

func TestUpGoesOnUntilAPlanIsEmpty(t *testing.T) {
	c := &cloud{wanted: wanted()}
	rounds := 0
	r, err := Up(t.Context(), c, Request{Fleet: "f"}, time.Time{}, Watch{Planned: func(*Round) { rounds++ }})
	if err != nil || len(r.Plan.Steps) > 0 || rounds != 2 || c.announced != 0 {
		t.Errorf("%d rounds, announced %d: %v", rounds, c.announced, err)
	}
	if len(c.done) != 3 || c.done[0] != "create r/vpc" {
		t.Errorf("%v", c.done)
	}
	if _, err = Up(t.Context(), c, Request{Fleet: "f"}, time.Time{}, Watch{}); err != nil || len(c.done) != 3 {
		t.Errorf("a second up did %v %v", c.done[3:], err)
	}
	if _, err = Down(t.Context(), c, "f", nil, time.Time{}, Watch{}); err != nil || len(c.there) > 0 {
		t.Errorf("left is %v: %v", c.there, err)
	}
	if last := c.done[len(c.done)-1]; last != "delete r/vpc" {
		t.Errorf("the network went before what is in it: %v", c.done)
	}
}

func TestAStepThatFailsKeepsOnlyThoseThatNeedIt(t *testing.T) {
	for name, test := range map[string]struct {
		fails, want []string
	}{
		"a subnet":    {[]string{"create r/subnet/a"}, []string{"create r/vpc", "create r/subnet/b"}},
		"both":        {[]string{"create r/subnet/a", "create r/subnet/b"}, []string{"create r/vpc"}},
		"the network": {[]string{"create r/vpc"}, nil},
	} {
		c := &cloud{wanted: wanted(), fails: map[string]error{}}
		for _, f := range test.fails {
			c.fails[f] = errors.New("no room for " + f)
		}
		var told []Event
		var mu sync.Mutex
		_, err := Up(t.Context(), c, Request{Fleet: "f"}, time.Time{}, Watch{Step: func(e Event) {
			mu.Lock()
			defer mu.Unlock()
			if e.Wait == "" {
				told = append(told, e)
			}
		}})
		for _, f := range test.fails {
			if err == nil || !strings.Contains(err.Error(), "no room for "+f) {
				t.Errorf("%s: %v doesn't tell of %s", name, err, f)
			}
		}
		if !slices.Equal(c.done, test.want) || len(told) != len(test.want)+len(test.fails) {
			t.Errorf("%s: done %v, wanted %v; told %d", name, c.done, test.want, len(told))
		}
	}
}

// The step that takes a duplicate away has the logical id of the one that is used: what
// needs that one must not get the duplicate's id.
func TestADoublesDeletionKeepsTheOthersID(t *testing.T) {
	used, gone := infra.Found{ID: "r/vpc", Physical: "p-used"}, infra.Found{ID: "r/vpc", Physical: "p-duplicate"}
	subnet := infra.Resource{ID: "r/subnet/a", Kind: infra.Subnet, Refs: map[string]string{"vpc": "r/vpc"}}
	del := infra.Step{Step: plan.Step{Verb: infra.Delete}, ID: "r/vpc", Physical: "p-duplicate", Found: &gone}
	round := &Round{Seen: &infra.Seen{Found: []infra.Found{used, gone}}, Plan: &infra.Plan{Steps: []infra.Step{
		del,
		{Step: plan.Step{Verb: infra.Create}, Kind: infra.Subnet, ID: subnet.ID, Resource: &subnet, After: []string{del.Key()}},
	}}}
	want := round.Seen.Physical("r/vpc")
	c := &cloud{}
	if err := apply(t.Context(), c, "f", round, nil); err != nil {
		t.Fatal(err)
	}
	if got := c.there[len(c.there)-1].Refs["vpc"]; got != want {
		t.Errorf("the subnet was made in %s, not in %s", got, want)
	}
}

func TestUpGivesUpOnAFleetThatDoesNotSettle(t *testing.T) {
	c := &cloud{wanted: wanted(), lags: 100}
	_, err := Up(t.Context(), c, Request{Fleet: "f"}, time.Time{}, Watch{})
	if err == nil || !strings.Contains(err.Error(), "does not settle") || !strings.Contains(err.Error(), "r/vpc") {
		t.Errorf("%v", err)
	}
}

// What the account offers is asked with what is there. Where both fail, the error that is
// told is of what is there; a fleet that is deleted needs nothing that is offered.
func TestWhatIsOfferedIsPartOfAPlan(t *testing.T) {
	refused, silent := errors.New("no permission"), &Unreachable{Who: "the cloud", Region: "r", Err: errors.New("time is over")}
	for name, test := range map[string]struct {
		refuses, silent, want error
	}{
		"both answer":                  {},
		"no offer":                     {refuses: refused, want: refused},
		"nothing seen":                 {silent: silent, want: silent},
		"neither":                      {refuses: refused, silent: silent, want: silent},
		"the offer was only cut short": {refuses: context.Canceled, silent: silent, want: silent},
	} {
		c := &cloud{wanted: wanted(), refuses: test.refuses, silent: test.silent}
		r, err := Plan(t.Context(), c, Request{Fleet: "f"})
		if !errors.Is(err, test.want) {
			t.Errorf("%s: %v, wanted %v", name, err, test.want)
		}
		if err == nil && len(r.Seen.Offer.Zones["r"]) != 1 {
			t.Errorf("%s: offered is %+v", name, r.Seen.Offer)
		}
	}
	if _, err := PlanDown(t.Context(), &cloud{refuses: refused}, "f", nil); err != nil {
		t.Errorf("down: %v", err)
	}
}

func TestDownRefusesWhatOthersHold(t *testing.T) {
	c := &cloud{there: []infra.Found{{ID: "r/vpc", Kind: infra.Network, Physical: "v"}}, fails: map[string]error{"delete r/vpc": errors.New("in use")}}
	if _, err := Down(t.Context(), c, "f", nil, time.Time{}, Watch{}); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("%v", err)
	}
}

func (c *cloud) Endpoints(context.Context, string, *fleetv1.FleetSpec) ([]Endpoint, error) {
	return nil, nil
}
func (c *cloud) Credentials(string, Endpoint) (*clientcmdapi.Cluster, *clientcmdapi.AuthInfo) {
	return nil, nil
}
func (c *cloud) Describe(context.Context, string, *fleetv1.FleetSpec) (network.Cloud, []string, error) {
	return network.Cloud{}, nil, nil
}
func (c *cloud) Token(context.Context, string, string) (string, error) { return "", nil }
func (c *cloud) Fleets(context.Context) ([]FoundFleet, error)          { return nil, nil }
func (c *cloud) Policy(string) ([]byte, error)                         { return nil, nil }
func (c *cloud) Account() string                                       { return "memory" }
func (c *cloud) Cost(*infra.Desired) (cost.Estimate, error)            { return cost.Estimate{}, nil }
func (c *cloud) CallCount() int                                        { return 0 }
