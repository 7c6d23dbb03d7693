package federation

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/ringspan/ringspan/internal/federation/canonical"
)

// wish is a kind of shared object for the scripts: its spec is one text.
type wish struct {
	metav1.TypeMeta
	metav1.ObjectMeta
	Spec struct {
		Text string `json:"text"`
	}
}

func (w *wish) DeepCopyObject() runtime.Object {
	out := *w
	out.ObjectMeta = *w.ObjectMeta.DeepCopy()
	return &out
}

// site is a region of a script: its copy, its parts, and what it last saw of the others.
type site struct {
	name     string
	own      *wish
	made     int
	parts    string // the id that they carry, "" when there are none
	goes     string // why the namespace goes
	let      bool
	diverged map[string]Revision
	seen     map[string]*sighting
	says     string // of its status
	cluster  string
	leads    map[string]string // names of regions that lead to another one's cluster, from here
	crash    bool              // its operator ends when it has let its copy go
	older    bool              // its version doesn't know the kind, and lets nobody read it
	idle     bool              // its operator doesn't run
}

type sighting struct {
	reachable bool
	lacks     bool
	cluster   string
	own       *wish
	parts     bool
}

// play is a history: people and networks by the script, operators by Decide.
type play struct {
	kind  *Kind
	sites []*site
	cut   map[string]bool
	clock time.Time
	out   strings.Builder
}

func newPlay(rule DeletionRule) *play {
	return &play{cut: map[string]bool{}, clock: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), kind: &Kind{Noun: "wish", Parts: "parts", ID: "id", Finalizer: "keep", Deletion: rule,
		New: func() Object { return &wish{} }, Spec: func(o Object) any { return &o.(*wish).Spec }, Schema: canonical.Of("k8ssandra.io_k8ssandraclusters.yaml"),
		Pull: func(o Object) string {
			if strings.HasPrefix(o.(*wish).Spec.Text, "refused") {
				return "it is refused here"
			}
			return ""
		}}}
}

func (p *play) site(name string) *site {
	i := slices.IndexFunc(p.sites, func(s *site) bool { return s.name == name })
	return p.sites[i]
}

func (p *play) look(s *site) {
	for _, o := range p.sites {
		if o == s {
			continue
		}
		if p.cut[s.name+o.name] {
			s.seen[o.name].reachable, s.seen[o.name].lacks = false, false
			continue
		}
		if o.older {
			if s.seen[o.name] == nil {
				s.seen[o.name] = &sighting{}
			}
			s.seen[o.name].reachable, s.seen[o.name].lacks = false, true
			continue
		}
		there := o
		switch name := s.leads[o.name]; name {
		case "":
		case "nowhere": // an empty cluster
			there = &site{cluster: "an-empty-one"}
		default:
			there = p.site(name)
		}
		s.seen[o.name] = &sighting{reachable: true, own: there.own.copied(), parts: there.parts != "", cluster: there.cluster}
	}
}

func (w *wish) copied() *wish {
	if w == nil {
		return nil
	}
	return w.DeepCopyObject().(*wish)
}

func (p *play) view(s *site) View {
	v := View{Region: s.name, Name: "ns/w", Noun: p.kind.Noun, PartsNoun: p.kind.Parts, Deletion: p.kind.Deletion, Now: p.clock, Lag: 18 * time.Second, Configs: "ringspan"}
	for _, name := range slices.Sorted(maps.Keys(s.seen)) {
		seen := s.seen[name]
		one := Peer{Copy: Copy{Region: name}, Reachable: seen.reachable, Absent: seen.own == nil, Parts: seen.parts, Lacks: seen.lacks, Cluster: seen.cluster}
		if seen.own != nil {
			one.Copy = p.kind.Copy(name, seen.own)
			one.Stale, one.Refused = !seen.reachable, p.kind.Pull(seen.own)
			one.Seen, one.BringBack = ParseRegions(seen.own.Annotations[RegionsAnnotation]), seen.own.Annotations[BringBackAnnotation]
			one.Clusters = ParseRegions(seen.own.Annotations[ClustersAnnotation])
		}
		v.Peers = append(v.Peers, one)
	}
	if s.parts != "" {
		v.Parts = Parts{Names: []string{"part-" + s.name}, Living: true, ID: s.parts}
	}
	if s.own != nil {
		notes := s.own.Annotations
		v.Own = &Own{Copy: p.kind.Copy(s.name, s.own), Origin: notes[OriginAnnotation], Unguarded: len(s.own.Finalizers) == 0, Told: s.diverged, Choose: notes[ChooseAnnotation],
			Seen: ParseRegions(notes[RegionsAnnotation]), Clusters: ParseRegions(notes[ClustersAnnotation]), BringBack: notes[BringBackAnnotation], Doomed: s.goes, Cause: s.goes, MayGo: s.let}
	}
	return v
}

// pass is one of a region's operator; it tells whether anything was done.
func (p *play) pass(s *site) bool {
	if s.older || s.idle {
		return false
	}
	p.look(s)
	return p.act(s, p.view(s))
}

func (p *play) act(s *site, v View) bool {
	plan := Decide(v)
	before, words := s.state(), ""
	s.says, s.diverged = plan.Words, nil
	switch plan.Verb {
	case TakeOver:
		s.made++
		s.own = &wish{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "w", UID: types.UID(fmt.Sprint(s.name, s.made)), Finalizers: []string{"keep"}}}
		p.write(s, plan)
	case Delete:
		now := metav1.NewTime(p.clock)
		s.own.DeletionTimestamp = &now
	case TakeDown, LetGo:
		if plan.Verb == LetGo {
			s.own = nil
		}
		s.parts = ""
	case Release, Yield:
		s.own = nil
		words = plan.Words
	case Nothing, Tell, Keep, Unlock:
		if s.own != nil {
			p.write(s, plan)
		}
	default:
		p.write(s, plan)
	}
	if s.own != nil && s.own.DeletionTimestamp == nil && s.own.Annotations[RevisionAnnotation] != "" && plan.Verb == Keep && plan.Choice == "" && !plan.Held {
		s.parts = s.own.Annotations["id"]
	}
	for _, more := range [][]string{plan.Problems, plan.Waits, {plan.Choice}} {
		s.says += strings.Join(more, "; ")
	}
	if plan.Verb == Diverged {
		s.diverged = map[string]Revision{}
		for _, peer := range v.Peers {
			if !peer.Absent && !peer.IsZero() {
				s.diverged[peer.Region] = peer.Revision
			}
		}
	}
	if plan.TwoObjects {
		s.says = "two objects: " + plan.Other.Region
	}
	if s.state() == before {
		return false
	}
	fmt.Fprintf(&p.out, "%s: %s", s.name, plan.Verb)
	if plan.Other.Region != "" {
		fmt.Fprintf(&p.out, " (%s)", plan.Other.Region)
	}
	fmt.Fprintf(&p.out, " %s\n", p.brief(words))
	if plan.Verb == Yield && !s.crash {
		v := p.view(s)
		v.Yielded = true
		p.act(s, v)
	}
	return true
}

// write does to a copy what the loop does.
func (p *play) write(s *site, plan Plan) {
	if len(s.own.Finalizers) == 0 && s.own.DeletionTimestamp == nil {
		s.own.Finalizers = []string{"keep"}
	}
	var notes map[string]string
	if from := s.seen[plan.From]; from != nil {
		p.kind.TakeSpec(s.own, from.own)
		if plan.Verb != Chosen {
			notes = from.own.Annotations
		}
	}
	for name, value := range plan.Notes {
		if value == "" {
			Drop(s.own, name)
			continue
		}
		Note(s.own, name, value)
	}
	if plan.ID != "" {
		Note(s.own, "id", plan.ID)
	}
	if !plan.Head.IsZero() {
		p.kind.Stamp(s.own, s.name, plan.Head, notes, "id-"+s.name)
	}
}

// state is what a script can see of a region.
func (s *site) state() string {
	if s.own == nil {
		return fmt.Sprint("no copy", s.parts, s.says)
	}
	return fmt.Sprint(s.own.UID, s.own.Spec.Text, s.own.Annotations, s.own.DeletionTimestamp != nil, len(s.own.Finalizers), s.parts, s.diverged, s.says)
}

// brief leaves hashes out of revisions.
func (p *play) brief(text string) string {
	for _, s := range p.sites {
		for _, o := range append([]*wish{s.own}, slices.Collect(func(yield func(*wish) bool) {
			for _, seen := range s.seen {
				if !yield(seen.own) {
					return
				}
			}
		})...) {
			if o != nil {
				r := o.Annotations[RevisionAnnotation]
				if i := strings.LastIndex(r, "/"); i > 0 {
					text = strings.ReplaceAll(text, r, r[:i])
				}
			}
		}
	}
	return text
}

func (p *play) show() string {
	var out strings.Builder
	for _, s := range p.sites {
		fmt.Fprintf(&out, "%s:", s.name)
		switch {
		case s.own == nil:
			out.WriteString(" no copy")
		default:
			fmt.Fprintf(&out, " %s %q", p.brief(orNone(s.own.Annotations[RevisionAnnotation])), s.own.Spec.Text)
			if s.own.DeletionTimestamp != nil {
				out.WriteString(" being deleted " + s.own.Annotations[DeletionAnnotation])
			}
		}
		if s.parts != "" {
			out.WriteString(", parts")
		}
		if s.says != "" {
			out.WriteString("; " + p.brief(s.says))
		}
		if v := p.view(s); s.own != nil {
			for _, more := range append(v.Losses(), v.Overruled()) {
				if more != "" {
					out.WriteString("; " + p.brief(more))
				}
			}
		}
		out.WriteString("\n")
	}
	return out.String()
}

// run lets every operator act in turn until nothing changes. A second passes with each turn.
func (p *play) run() {
	for range 60 {
		changed := false
		for _, s := range p.sites {
			changed = p.pass(s) || changed
		}
		p.clock = p.clock.Add(time.Second)
		if !changed {
			return
		}
	}
	p.out.WriteString("it never settles\n")
}

func (p *play) do(d *datadriven.TestData) string {
	p.out.Reset()
	var names []string
	for _, a := range d.CmdArgs {
		names = append(names, a.Key)
	}
	text := strings.TrimSpace(d.Input)
	switch d.Cmd {
	case "regions":
		for _, name := range names {
			p.sites = append(p.sites, &site{name: name, cluster: "cluster-" + name, leads: map[string]string{}, seen: map[string]*sighting{}})
		}
		for _, s := range p.sites {
			p.look(s)
		}
		return ""
	case "at-once":
		p.kind.Deletion = EachAtOnce
		return ""
	case "apply":
		s := p.site(names[0])
		s.made++
		s.own = &wish{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "w", UID: types.UID(fmt.Sprint(s.name, s.made))}}
		s.own.Spec.Text = text
	case "edit":
		p.site(names[0]).own.Spec.Text = text
	case "annotate":
		name, value, _ := strings.Cut(text, "=")
		Note(p.site(names[0]).own, name, value)
	case "delete":
		now := metav1.NewTime(p.clock)
		p.site(names[0]).own.DeletionTimestamp = &now
	case "namespace-goes":
		s, now := p.site(names[0]), metav1.NewTime(p.clock)
		s.goes, s.own.DeletionTimestamp = "namespace ns is being deleted", &now
	case "crash":
		p.site(names[0]).crash = true
		return ""
	case "leads": // from a region, the name of another one, to a region's cluster or nowhere; to its own without a third
		to := ""
		if len(names) > 2 {
			to = names[2]
		}
		p.site(names[0]).leads[names[1]] = to
	case "operator-goes", "operator-comes":
		p.site(names[0]).idle = d.Cmd == "operator-goes"
	case "older", "newer":
		p.site(names[0]).older = d.Cmd == "older"
	case "forget": // as if its copy had been made anew, by a process that knows of nothing
		s := p.site(names[0])
		Drop(s.own, RegionsAnnotation)
		for _, o := range p.sites {
			if o.older {
				s.seen[o.name] = nil
			}
		}
		return ""
	case "anew": // a region's cluster is made anew: nothing of the former one is left
		s := p.site(names[0])
		s.own, s.parts, s.cluster = nil, "", s.cluster+"-anew"
	case "let-go":
		p.site(names[0]).let = true
	case "namespace-back":
		s := p.site(names[0])
		s.goes, s.let = "", false
	case "cut":
		for _, o := range p.sites {
			p.cut[names[0]+o.name], p.cut[o.name+names[0]] = true, true
		}
	case "heal":
		p.cut = map[string]bool{}
	case "pass":
		p.pass(p.site(names[0]))
		return p.out.String()
	case "wait":
		for range 20 {
			for _, s := range p.sites {
				p.pass(s)
			}
			p.clock = p.clock.Add(time.Second)
		}
		p.run()
		return p.show()
	case "show":
		return p.show()
	default:
		return "no such command"
	}
	p.run()
	return p.out.String() + p.show()
}

// TestScripts plays the histories of testdata. Each command prints what the operators did and what every region has then.
// Rewrite the output with -rewrite, and read the difference.
func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata/scripts", func(t *testing.T, path string) {
		p := newPlay(TogetherOnly)
		datadriven.RunTest(t, path, func(_ *testing.T, d *datadriven.TestData) string { return p.do(d) })
	})
}
