package infra_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/fleet"
	"github.com/ringspan/ringspan/internal/fleet/aws/desired"
	"github.com/ringspan/ringspan/internal/fleet/infra"
)

// planner gives plans the resources that a fleet has in AWS.
var planner = desired.Planner{Partition: "aws"}

const article = `apiVersion: fleet.ringspan.io/v1alpha1
kind: Fleet
metadata: {name: article}
spec:
  provider: aws
  jumpHost: {region: us-east-2, cidr: 172.20.0.0/16}
  regions:
    - {name: eu-west-1, cidr: 172.21.0.0/16}
    - {name: eu-central-1, cidr: 172.22.0.0/16, nat: perZone}
`

func input(t testing.TB, text string) infra.Input {
	t.Helper()
	f, err := fleet.Parse("f.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return infra.Input{Fleet: f.Fleet.Name, ID: "0123456789abcdef", Spec: f.Fleet.Spec, Seen: empty(f.Fleet.Spec)}
}

// empty is an account with nothing in it.
func empty(spec fleetv1.FleetSpec) *infra.Seen {
	s := &infra.Seen{Account: "123456789012", Offer: infra.Offer{Zones: map[string][]infra.Zone{}, Images: map[string]string{}}, Adopted: map[string]infra.AdoptedNetwork{}}
	regions := []string{}
	for _, r := range spec.Regions {
		regions = append(regions, r.Name)
	}
	if spec.JumpHost != nil {
		regions = append(regions, spec.JumpHost.Region)
		s.Offer.Images[spec.JumpHost.Region] = "ami-1"
	}
	for _, r := range regions {
		for i, z := range []string{"a", "b", "c"} {
			s.Offer.Zones[r] = append(s.Offer.Zones[r], infra.Zone{r + z, fmt.Sprintf("%s-az%d", r, i+1)})
		}
		for kind, limit := range map[infra.Kind]int{infra.Network: 5, infra.Gateway: 5, infra.Address: 5, infra.Cluster: 100} {
			s.Offer.Quotas = append(s.Offer.Quotas, infra.Quota{Region: r, Name: string(kind) + "s", Kind: kind, Code: "L-" + string(kind), Limit: limit})
		}
	}
	return s
}

// cloud carries steps out in memory, and refuses what AWS would refuse.
type cloud struct {
	seen *infra.Seen
	next int
}

// do carries one step out; its error is what AWS would say.
func (c *cloud) do(s *infra.Step) error {
	switch s.Verb {
	case infra.Create, infra.Replace:
		if s.Verb == infra.Replace {
			c.remove(s.Found)
		}
		f := infra.Found{ID: s.ID, Kind: s.Kind, Region: s.Region, Physical: fmt.Sprintf("%s-%d", strings.ReplaceAll(string(s.Kind), " ", ""), c.next), State: infra.Ready, Have: maps.Clone(s.Resource.Want), Refs: map[string]string{}}
		c.next++
		if f.Have == nil {
			f.Have = map[string]string{}
		}
		if s.Kind == infra.Subnet {
			f.Tags = map[string]string{infra.TagFleet: "article", infra.TagFleetID: "0123456789abcdef"}
			for name, value := range f.Have {
				if key, is := strings.CutPrefix(name, "tag:"); is {
					f.Tags[key] = value
				}
			}
		}
		if err := c.refer(s, &f); err != nil {
			return err
		}
		c.seen.Found = append(c.seen.Found, f)
	case infra.Change:
		f := c.seen.Find(s.ID)
		maps.Copy(f.Have, s.Resource.Want)
		return c.refer(s, f)
	case infra.Delete:
		for i := range c.seen.Found {
			for _, p := range c.seen.Found[i].Refs {
				if p == s.Physical && infra.Implied[c.seen.Found[i].Kind] == "" {
					return fmt.Errorf("DependencyViolation: %s is used by %s", s.Target, c.seen.Found[i].ID)
				}
			}
		}
		c.remove(s.Found)
	}
	return nil
}

func (c *cloud) refer(s *infra.Step, f *infra.Found) error {
	for name, id := range s.Resource.Refs {
		if f.Refs[name] = c.seen.Physical(id); f.Refs[name] == "" && !strings.Contains(id, "rtb-") {
			return fmt.Errorf("%s needs %s, which isn't there", s.ID, id)
		}
	}
	return nil
}

// remove takes what ends with it along.
func (c *cloud) remove(f *infra.Found) {
	gone := f.Physical
	c.seen.Found = slices.DeleteFunc(c.seen.Found, func(x infra.Found) bool {
		return x.Physical == gone || infra.Implied[x.Kind] != "" && x.Refs[infra.Implied[x.Kind]] == gone
	})
}

// run carries out up to n steps of a plan, in an order that its dependencies
// allow, chosen by pick.
func (c *cloud) run(t testing.TB, p *infra.Plan, n int, pick func(int) int) {
	t.Helper()
	done, open := map[string]bool{}, map[string]bool{}
	for i := range p.Steps {
		open[p.Steps[i].Key()] = true
	}
	for range min(n, len(p.Steps)) {
		var ready []*infra.Step
		for i := range p.Steps {
			s := &p.Steps[i]
			if !done[s.Key()] && !slices.ContainsFunc(s.After, func(k string) bool { return open[k] && !done[k] }) {
				ready = append(ready, s)
			}
		}
		if len(ready) == 0 {
			t.Fatalf("no step is ready of\n%s", p.Text())
		}
		s := ready[pick(len(ready))]
		if err := c.do(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
		done[s.Key()] = true
	}
}

func first0(int) int { return 0 }

func wanted(t testing.TB, in infra.Input) *infra.Desired {
	t.Helper()
	d, err := planner.Desire(in)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestFromNothingToAllAndBack(t *testing.T) {
	in := input(t, article)
	c := &cloud{seen: in.Seen}
	p := infra.Up(wanted(t, in), in.Seen, infra.Prune{})
	if len(p.Refused) > 0 || len(p.Steps) < 100 {
		t.Fatalf("%d steps, refused: %v", len(p.Steps), p.Refused)
	}
	c.run(t, p, len(p.Steps), first0)
	if p := infra.Up(wanted(t, in), in.Seen, infra.Prune{}); len(p.Steps) > 0 || !p.Quiet() || len(p.Refused) > 0 {
		t.Errorf("a converged fleet has a plan:\n%s%v", p.Text(), p.Refused)
	}
	down := infra.Down(in.Seen)
	c.run(t, down, len(down.Steps), first0)
	if len(in.Seen.Found) > 0 {
		t.Errorf("left: %+v", in.Seen.Found)
	}
}

// However often `up` and `down` are ended, after any steps and in any order that
// the plan allows: running again converges, with nothing twice and nothing left.
func TestEndedAnywhereItConverges(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		in := input(t, article)
		c := &cloud{seen: in.Seen}
		pick := func(n int) int { return rapid.IntRange(0, n-1).Draw(rt, "pick") }
		for range rapid.IntRange(0, 3).Draw(rt, "ends") {
			p := infra.Up(wanted(t, in), in.Seen, infra.Prune{})
			if rapid.Bool().Draw(rt, "down") {
				p = infra.Down(in.Seen)
			}
			c.run(t, p, rapid.IntRange(0, len(p.Steps)).Draw(rt, "steps"), pick)
		}
		p := infra.Up(wanted(t, in), in.Seen, infra.Prune{})
		c.run(t, p, len(p.Steps), pick)
		if p := infra.Up(wanted(t, in), in.Seen, infra.Prune{}); len(p.Steps) > 0 || len(p.Refused) > 0 {
			rt.Fatalf("not converged:\n%s%v", p.Text(), p.Refused)
		}
		ids := map[string]int{}
		for _, f := range in.Seen.Found {
			if ids[f.ID]++; ids[f.ID] > 1 {
				rt.Fatalf("%s is there twice", f.ID)
			}
		}
		p = infra.Down(in.Seen)
		c.run(t, p, len(p.Steps), pick)
		if len(in.Seen.Found) > 0 {
			rt.Fatalf("left: %+v", in.Seen.Found)
		}
	})
}
