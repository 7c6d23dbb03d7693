package infra

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/fleet"
)

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

func input(t testing.TB, text string) Input {
	t.Helper()
	f, err := fleet.Parse("f.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return Input{Fleet: f.Fleet.Name, ID: "0123456789abcdef", Spec: f.Fleet.Spec, Seen: empty(f.Fleet.Spec)}
}

// empty is an account with nothing in it.
func empty(spec fleetv1.FleetSpec) *Seen {
	s := &Seen{Account: "123456789012", Partition: "aws", Zones: map[string][]Zone{}, Images: map[string]string{}, Adopted: map[string]AdoptedNetwork{}}
	regions := []string{}
	for _, r := range spec.Regions {
		regions = append(regions, r.Name)
	}
	if spec.JumpHost != nil {
		regions = append(regions, spec.JumpHost.Region)
		s.Images[spec.JumpHost.Region] = "ami-1"
	}
	for _, r := range regions {
		for i, z := range []string{"a", "b", "c"} {
			s.Zones[r] = append(s.Zones[r], Zone{r + z, fmt.Sprintf("%s-az%d", r, i+1)})
		}
		for _, q := range Quotas {
			s.Quotas = append(s.Quotas, Quota{Region: r, Name: q.Name, Code: q.Code, Limit: q.Default})
		}
	}
	return s
}

// cloud carries steps out in memory, and refuses what AWS would refuse.
type cloud struct {
	seen *Seen
	next int
}

// do carries one step out; its error is what AWS would say.
func (c *cloud) do(s *Step) error {
	switch s.Verb {
	case Create, Replace:
		if s.Verb == Replace {
			c.remove(s.Found)
		}
		f := Found{ID: s.ID, Kind: s.Kind, Region: s.Region, Physical: fmt.Sprintf("%s-%d", strings.ReplaceAll(string(s.Kind), " ", ""), c.next), State: Ready, Have: maps.Clone(s.Resource.Want), Refs: map[string]string{}}
		c.next++
		if f.Have == nil {
			f.Have = map[string]string{}
		}
		if s.Kind == Subnet {
			f.Tags = map[string]string{TagFleet: "article", TagFleetID: "0123456789abcdef"}
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
	case Change:
		f := c.seen.find(s.ID)
		maps.Copy(f.Have, s.Resource.Want)
		return c.refer(s, f)
	case Delete:
		for i := range c.seen.Found {
			for _, p := range c.seen.Found[i].Refs {
				if p == s.Physical && implied[c.seen.Found[i].Kind] == "" {
					return fmt.Errorf("DependencyViolation: %s is used by %s", s.Target, c.seen.Found[i].ID)
				}
			}
		}
		c.remove(s.Found)
	}
	return nil
}

func (c *cloud) refer(s *Step, f *Found) error {
	for name, id := range s.Resource.Refs {
		if f.Refs[name] = c.seen.Physical(id); f.Refs[name] == "" && !strings.Contains(id, "rtb-") {
			return fmt.Errorf("%s needs %s, which isn't there", s.ID, id)
		}
	}
	return nil
}

// remove takes what ends with it along.
func (c *cloud) remove(f *Found) {
	gone := f.Physical
	c.seen.Found = slices.DeleteFunc(c.seen.Found, func(x Found) bool {
		return x.Physical == gone || implied[x.Kind] != "" && x.Refs[implied[x.Kind]] == gone
	})
}

// run carries out up to n steps of a plan, in an order that its dependencies
// allow, chosen by pick.
func (c *cloud) run(t testing.TB, p *Plan, n int, pick func(int) int) {
	t.Helper()
	done, open := map[string]bool{}, map[string]bool{}
	for i := range p.Steps {
		open[p.Steps[i].Key()] = true
	}
	for range min(n, len(p.Steps)) {
		var ready []*Step
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

func desired(t testing.TB, in Input) *Desired {
	t.Helper()
	d, err := Desire(in)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestFromNothingToAllAndBack(t *testing.T) {
	in := input(t, article)
	c := &cloud{seen: in.Seen}
	p := Up(desired(t, in), in.Seen, Prune{})
	if len(p.Refused) > 0 || len(p.Steps) < 100 {
		t.Fatalf("%d steps, refused: %v", len(p.Steps), p.Refused)
	}
	c.run(t, p, len(p.Steps), first0)
	if p := Up(desired(t, in), in.Seen, Prune{}); len(p.Steps) > 0 || !p.Quiet() || len(p.Refused) > 0 {
		t.Errorf("a converged fleet has a plan:\n%s%v", p.Text(), p.Refused)
	}
	down := Down(in.Seen)
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
			p := Up(desired(t, in), in.Seen, Prune{})
			if rapid.Bool().Draw(rt, "down") {
				p = Down(in.Seen)
			}
			c.run(t, p, rapid.IntRange(0, len(p.Steps)).Draw(rt, "steps"), pick)
		}
		p := Up(desired(t, in), in.Seen, Prune{})
		c.run(t, p, len(p.Steps), pick)
		if p := Up(desired(t, in), in.Seen, Prune{}); len(p.Steps) > 0 || len(p.Refused) > 0 {
			rt.Fatalf("not converged:\n%s%v", p.Text(), p.Refused)
		}
		ids := map[string]int{}
		for _, f := range in.Seen.Found {
			if ids[f.ID]++; ids[f.ID] > 1 {
				rt.Fatalf("%s is there twice", f.ID)
			}
		}
		p = Down(in.Seen)
		c.run(t, p, len(p.Steps), pick)
		if len(in.Seen.Found) > 0 {
			rt.Fatalf("left: %+v", in.Seen.Found)
		}
	})
}
