package infra_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ringspan/ringspan/internal/fleet/infra"
)

// takesData are the steps of a plan that delete what holds data.
func takesData(p *infra.Plan) (all []string) {
	for i := range p.Steps {
		s := &p.Steps[i]
		if (s.Verb == infra.Delete || s.Verb == infra.Replace) && slices.Contains([]infra.Kind{infra.Network, infra.Cluster, infra.NodePool, infra.Volume}, s.Kind) {
			all = append(all, s.String())
		}
	}
	return all
}

// running is a fleet that is as its file says.
func running(t testing.TB, text string) (*cloud, infra.Input) {
	t.Helper()
	in := input(t, text)
	c := &cloud{seen: in.Seen}
	p := infra.Up(wanted(t, in), in.Seen, infra.Prune{})
	c.run(t, p, len(p.Steps), first0)
	return c, in
}

func TestNetworkOnlyLeavesClustersAlone(t *testing.T) {
	c, in := running(t, article)
	in.NetworkOnly = true
	if p := infra.Up(wanted(t, in), c.seen, infra.Prune{}); len(p.Steps) > 0 || len(p.Refused) > 0 {
		t.Errorf("a fleet that runs gets a plan from --network-only:\n%s%v", p.Text(), p.Refused)
	}
}

func TestAdoptingAnotherClusterDeletesNothing(t *testing.T) {
	c, _ := running(t, article)
	in := input(t, strings.Replace(article, "cidr: 172.21.0.0/16", "adopt: {cluster: theirs}", 1))
	in.Seen = c.seen
	in.Seen.Adopted["eu-west-1"] = infra.AdoptedNetwork{ID: "vpc-theirs", CIDR: "10.9.0.0/16", Cluster: "theirs", Subnets: []string{"subnet-1", "subnet-2"}, RouteTables: []string{"rtb-1"}}
	p := infra.Up(wanted(t, in), in.Seen, infra.Prune{})
	if all := takesData(p); len(all) > 0 {
		t.Errorf("without --prune:\n%s", strings.Join(all, "\n"))
	}
	for _, part := range []string{"cluster eu-west-1/cluster", "node pool eu-west-1/nodes", "network eu-west-1/vpc"} {
		if !slices.ContainsFunc(p.Refused, func(s string) bool { return strings.HasPrefix(s, part) && strings.Contains(s, "--prune") }) {
			t.Errorf("%s is not in %v", part, p.Refused)
		}
	}
}

// files are what a fleet's file may become.
func drawFile(rt *rapid.T, kinds ...string) string {
	regions := []string{"eu-west-1", "eu-central-1", "us-west-2"}
	kept := rapid.SliceOfNDistinct(rapid.SampledFrom(regions), 1, 3, rapid.ID[string]).Draw(rt, "regions")
	text := "apiVersion: fleet.ringspan.io/v1alpha1\nkind: Fleet\nmetadata: {name: article}\nspec:\n  provider: aws\n"
	if rapid.Bool().Draw(rt, "jump host") {
		text += "  jumpHost: {region: us-east-2, cidr: 172.20.0.0/16}\n"
	}
	lines := []string{text + "  regions:\n"}
	for _, name := range kept {
		more := rapid.SampledFrom(kinds).Draw(rt, "more")
		lines = append(lines, "    - {name: "+name+more+"}\n")
	}
	return strings.Join(lines, "")
}

// disturb makes a fleet what accidents make of it.
func disturb(rt *rapid.T, s *infra.Seen) {
	for i := range rapid.IntRange(0, 6).Draw(rt, "accidents") {
		if len(s.Found) == 0 {
			return
		}
		f := &s.Found[rapid.IntRange(0, len(s.Found)-1).Draw(rt, "of")]
		switch rapid.SampledFrom([]string{"state", "duplicate", "lost", "volume", "by hand"}).Draw(rt, "what") {
		case "state":
			f.State = rapid.SampledFrom([]infra.State{infra.Ready, infra.Pending, infra.Failed, infra.Deleting, infra.Gone}).Draw(rt, "state")
		case "duplicate":
			duplicate := *f
			duplicate.Physical, duplicate.Refs = fmt.Sprintf("%s-duplicate-%d", f.Physical, i), maps.Clone(f.Refs)
			s.Found = append(s.Found, duplicate)
		case "lost":
			s.Found = slices.DeleteFunc(s.Found, func(x infra.Found) bool { return x.Physical == f.Physical })
		case "volume":
			s.Found = append(s.Found, infra.Found{ID: "eu-west-1/volume", Kind: infra.Volume, Region: "eu-west-1", Physical: fmt.Sprintf("vol-%d", i), State: infra.Ready})
		case "by hand":
			s.Found = append(s.Found, infra.Found{ID: "eu-west-1/more", Kind: infra.NodePool, Region: "eu-west-1", Physical: fmt.Sprintf("article-eu-west-1/more%d", i), State: infra.Ready, Tags: map[string]string{}, Refs: map[string]string{"cluster": s.Physical("eu-west-1/cluster")}})
		}
	}
}

// drawChange is a fleet, in whatever state, and a file and a scope that it was not made from.
func drawChange(t testing.TB, rt *rapid.T) (*infra.Desired, *infra.Seen) {
	own := []string{"", ", nat: perZone"}
	in := input(t, drawFile(rt, own...))
	c := &cloud{seen: in.Seen}
	theirs := func(in *infra.Input) {
		in.Seen = c.seen
		for i, r := range in.Spec.Regions {
			delete(in.Seen.Adopted, r.Name)
			if r.Adopt != nil {
				a := infra.AdoptedNetwork{ID: "vpc-theirs-" + r.Name, CIDR: fmt.Sprintf("10.%d.0.0/16", i), Cluster: r.Adopt.Cluster, Subnets: []string{"subnet-1", "subnet-2"}, RouteTables: []string{"rtb-" + r.Name}}
				in.Seen.Adopted[r.Name] = a
			}
			in.Seen.Offer.Zones[r.Name] = empty(in.Spec).Offer.Zones[r.Name]
		}
		if j := in.Spec.JumpHost; j != nil {
			in.Seen.Offer.Zones[j.Region] = empty(in.Spec).Offer.Zones[j.Region]
		}
	}
	theirs(&in)
	p := infra.Up(wanted(t, in), in.Seen, infra.Prune{})
	c.run(t, p, rapid.IntRange(0, len(p.Steps)).Draw(rt, "steps"), first0)
	next := input(t, drawFile(rt, append(own, ", adopt: {vpc: vpc-0123456789abcdef0}", ", adopt: {cluster: theirs}", ", nodes: {count: 6}")...))
	theirs(&next)
	disturb(rt, next.Seen)
	next.NetworkOnly = rapid.Bool().Draw(rt, "network only")
	want, err := planner.Desire(next)
	if err != nil {
		rt.Skip(err)
	}
	return want, next.Seen
}

// Whatever the file has become, whatever is left out by an option, and whatever
// has happened to the fleet: without --prune, nothing that holds data is deleted.
func TestWithoutPruneDataStays(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		want, seen := drawChange(t, rt)
		p := infra.Up(want, seen, infra.Prune{})
		if all := takesData(p); len(all) > 0 {
			rt.Fatalf("without --prune:\n%s", strings.Join(all, "\n"))
		}
		for i := range p.Steps {
			s := &p.Steps[i]
			for j := range seen.Found {
				if f := &seen.Found[j]; len(p.Refused) == 0 && s.Verb == infra.Delete && s.Kind != infra.Role && (f.Kind == infra.Cluster || f.Kind == infra.NodePool) && f.State != infra.Gone && f.RefersTo(s.Physical) {
					rt.Fatalf("%s, and %s uses it", s, f.Name())
				}
			}
		}
	})
}

// A scope never deletes: with --prune neither.
func TestNothingOutsideOfTheScopeIsTouched(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		want, seen := drawChange(t, rt)
		if !want.NetworkOnly {
			rt.Skip("everything is spoken of")
		}
		p := infra.Up(want, seen, infra.PruneAll())
		if len(p.Refused) > 0 {
			return
		}
		for i := range p.Steps {
			s := &p.Steps[i]
			if slices.Contains([]infra.Kind{infra.Cluster, infra.NodePool, infra.Addon, infra.AccessEntry, infra.WorkloadIdentity, infra.FirewallRules}, s.Kind) || s.Kind == infra.Role && s.ID != "jump/role/host" {
				rt.Fatalf("--network-only: %s", s)
			}
			if s.Verb != infra.Delete {
				continue
			}
			for j := range seen.Found {
				if f := &seen.Found[j]; (f.Kind == infra.Cluster || f.Kind == infra.NodePool) && f.State != infra.Gone && f.RefersTo(s.Physical) {
					rt.Fatalf("--network-only: %s, and %s uses it", s, f.Name())
				}
			}
		}
	})
}

// What is deleted is what was shown and agreed to: what turns up between the two
// looks was not.
func TestOnlyWhatWasAgreedToGoes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		want, seen := drawChange(t, rt)
		shown := infra.Up(want, seen, infra.PruneAll())
		if got := takesData(shown); len(got) != len(shown.Removals) {
			rt.Fatalf("shown are %v of\n%s", shown.Removals, strings.Join(got, "\n"))
		}
		disturb(rt, seen)
		p := infra.Up(want, seen, infra.PruneOnly(shown.Removals))
		for _, name := range p.Removals {
			if !slices.Contains(shown.Removals, name) {
				rt.Fatalf("%s was not agreed to, only %v", name, shown.Removals)
			}
		}
	})
}

// What was agreed to goes, and nothing is left of it.
func TestPruneTakesARegionAway(t *testing.T) {
	c, _ := running(t, article)
	in := input(t, strings.Replace(article, "    - {name: eu-central-1, cidr: 172.22.0.0/16, nat: perZone}\n", "", 1))
	in.Seen = c.seen
	p := infra.Up(wanted(t, in), in.Seen, infra.PruneAll())
	if len(p.Refused) > 0 || len(p.Removals) != 3 {
		t.Fatalf("refused %v, removals %v", p.Refused, p.Removals)
	}
	p = infra.Up(wanted(t, in), in.Seen, infra.PruneOnly(p.Removals))
	c.run(t, p, len(p.Steps), first0)
	if p := infra.Up(wanted(t, in), in.Seen, infra.Prune{}); len(p.Steps) > 0 || len(p.Refused) > 0 {
		t.Errorf("not converged:\n%s%v", p.Text(), p.Refused)
	}
	for _, f := range c.seen.Found {
		if f.Region == "eu-central-1" {
			t.Errorf("left: %s", f.Name())
		}
	}
}

// Somebody's own node group or add-on in a cluster of the fleet is none of its business.
func TestWhatWasAddedByHandStays(t *testing.T) {
	c, in := running(t, article)
	cluster := c.seen.Physical("eu-west-1/cluster")
	for _, kind := range []infra.Kind{infra.NodePool, infra.Addon} {
		c.seen.Found = append(c.seen.Found, infra.Found{ID: "eu-west-1/mine/" + string(kind), Kind: kind, Region: "eu-west-1", Physical: cluster + "/mine", State: infra.Ready, Tags: map[string]string{}, Refs: map[string]string{"cluster": cluster}})
	}
	if p := infra.Up(wanted(t, in), in.Seen, infra.PruneAll()); len(p.Steps) > 0 || len(p.Refused) > 0 || !p.Quiet() {
		t.Errorf("plan:\n%s%v", p.Text(), p.Refused)
	}
}

// A duplicate of a network is used by nobody that the fleet knows, but perhaps by others.
func TestADuplicateNetworkStaysUntilPrune(t *testing.T) {
	c, in := running(t, article)
	c.seen.Found = append(c.seen.Found,
		infra.Found{ID: "eu-west-1/vpc", Kind: infra.Network, Region: "eu-west-1", Physical: "vpc-2", State: infra.Ready, Have: map[string]string{}},
		infra.Found{ID: "eu-west-1/igw", Kind: infra.Gateway, Region: "eu-west-1", Physical: "zgw-2", State: infra.Ready, Refs: map[string]string{"vpc": "vpc-2"}})
	p := infra.Up(wanted(t, in), in.Seen, infra.Prune{})
	if len(p.Steps) > 0 || len(p.Refused) > 0 || len(p.Trouble) != 1 || !strings.Contains(p.Trouble[0], "vpc-2 stays") {
		t.Errorf("plan:\n%s%v", p.Text(), p.Refused)
	}
	if p := infra.Up(wanted(t, in), in.Seen, infra.PruneAll()); len(p.Steps) != 2 || len(p.Removals) != 1 {
		t.Errorf("--prune:\n%s", p.Text())
	}
}

func TestAFailedNodeGroupIsMadeAgainOnlyWithPrune(t *testing.T) {
	c, in := running(t, article)
	group := c.seen.Find("eu-west-1/nodes")
	group.State, group.Detail = infra.Failed, "it is CREATE_FAILED"
	p := infra.Up(wanted(t, in), in.Seen, infra.Prune{})
	if len(p.Steps) > 0 || len(p.Refused) != 1 || !strings.Contains(p.Refused[0], "CREATE_FAILED") || !strings.Contains(p.Refused[0], "--prune") {
		t.Errorf("plan:\n%s%v", p.Text(), p.Refused)
	}
	if p := infra.Up(wanted(t, in), in.Seen, infra.PruneAll()); len(p.Steps) != 1 || p.Steps[0].Verb != infra.Replace || len(p.Removals) != 1 {
		t.Errorf("--prune:\n%s", p.Text())
	}
}

// A zone that is taken from the file has subnets that nodes are in: AWS keeps the
// subnet, but not its routes, and the nodes would be cut off.
func TestAZoneThatIsUsedStays(t *testing.T) {
	c, _ := running(t, article)
	in := input(t, strings.Replace(article, "{name: eu-west-1, cidr: 172.21.0.0/16}", "{name: eu-west-1, cidr: 172.21.0.0/16, zones: [{name: eu-west-1a}, {name: eu-west-1b}], nodes: {count: 3}}", 1))
	in.Seen = c.seen
	for _, prune := range []infra.Prune{{}, infra.PruneAll()} {
		p := infra.Up(wanted(t, in), in.Seen, prune)
		if !slices.ContainsFunc(p.Refused, func(s string) bool {
			return strings.Contains(s, "eu-west-1/subnet/private/eu-west-1c") && strings.Contains(s, "uses it")
		}) {
			t.Errorf("refused %v of\n%s", p.Refused, p.Text())
		}
	}
}
