package datacenter

import (
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/topology"
)

// Verb is a kind of step.
type Verb string

// The verbs.
const (
	Apply       Verb = "apply"        // an object of Kubernetes
	DeletePod   Verb = "delete pod"   // its StatefulSet makes another
	Label       Verb = "label"        // a pod
	Start       Verb = "start"        // a node
	Seeds       Verb = "reload seeds" // of a node
	Replicate   Verb = "replicate"    // a keyspace
	Roles       Verb = "write roles"
	OpenNative  Verb = "open native port"
	Clear       Verb = "clear"  // a request in the spec or an annotation that was carried out
	Delete      Verb = "delete" // an object of Kubernetes
	DropPVCs    Verb = "delete volumes"
	DropControl Verb = "let go" // of the finalizer
)

// Step is one thing to do. Only the fields of its verb are set.
type Step struct {
	Verb   Verb
	Target string
	Why    string

	Object  client.Object
	Pod     *Pod
	Labels  map[string]string
	Start   mgmtapi.StartOptions
	Seeds   []string
	Factors map[string]int
	Stamp   string // what the roles are written for
}

// String is the step as people read it.
func (s Step) String() string { return fmt.Sprintf("%s %s: %s", s.Verb, s.Target, s.Why) }

// Plan is what to do now and what is waited for.
type Plan struct {
	Steps   []Step
	Waits   []string // what is waited for, and on whom
	Trouble []string // what a person should know: nodes that fail, with their own words
	Invalid string   // why the spec can't be acted on

	Done         bool // everything is as asked
	Updating     string
	NeedsUpdate  bool // this version would make other pods, and waits to be asked
	Stopped      bool
	InitComplete bool // the first boot is over
}

func (p *Plan) add(s Step) { p.Steps = append(p.Steps, s) }
func (p *Plan) wait(format string, args ...any) {
	p.Waits = append(p.Waits, fmt.Sprintf(format, args...))
}
func (p *Plan) trouble(format string, args ...any) {
	p.Trouble = append(p.Trouble, fmt.Sprintf(format, args...))
}

// String lists the plan, one line a step.
func (p Plan) String() string {
	var b strings.Builder
	for _, s := range p.Steps {
		fmt.Fprintln(&b, s)
	}
	for _, w := range p.Waits {
		fmt.Fprintln(&b, "waiting for", w)
	}
	for _, t := range p.Trouble {
		fmt.Fprintln(&b, "trouble:", t)
	}
	if p.Invalid != "" {
		fmt.Fprintln(&b, "invalid:", p.Invalid)
	}
	if p.Done {
		fmt.Fprintln(&b, "done")
	}
	return b.String()
}

// Make decides. Its parts run in order: objects, pods, nodes, ring.
func Make(s *State) Plan {
	p := Plan{InitComplete: s.initialized()}
	if !s.DC.DeletionTimestamp.IsZero() {
		s.planDeletion(&p)
		return p
	}
	if p.Invalid = s.invalid(); p.Invalid != "" {
		return p
	}
	s.planObjects(&p)
	s.planRacks(&p)
	if p.Invalid != "" {
		return p
	}
	if s.DC.Spec.Stopped {
		s.planStopped(&p)
		return p
	}
	s.planPods(&p)
	s.planStarts(&p)
	s.planRing(&p)
	p.Done = len(p.Steps) == 0 && len(p.Waits) == 0 && len(p.Trouble) == 0
	return p
}

// invalid names the first field that can't be acted on.
func (s *State) invalid() string {
	switch {
	case s.DC.Spec.ServerType != "" && s.DC.Spec.ServerType != "cassandra":
		return fmt.Sprintf("spec.serverType: %s is not supported, only cassandra", s.DC.Spec.ServerType)
	case int(s.DC.Spec.Size) < len(racks(s.DC)):
		return fmt.Sprintf("spec.size: %d is less than the %d racks", s.DC.Spec.Size, len(racks(s.DC)))
	case s.SecretError != "":
		return s.SecretError
	}
	return ""
}

func (s *State) planObjects(p *Plan) {
	for _, o := range s.Services() {
		s.apply(p, o, "clients and peers find nodes by it")
	}
	for _, o := range s.SeedSlices() {
		s.apply(p, o, "spec.additionalSeeds")
	}
	s.apply(p, s.DisruptionBudget(), "one node may be away at a time")
}

// apply plans an object unless it was written just so before.
func (s *State) apply(p *Plan, o client.Object, why string) {
	kind := o.GetObjectKind().GroupVersionKind().Kind
	stamp(o)
	if s.Hashes[kind+"/"+o.GetName()] != o.GetAnnotations()[api.ResourceHashAnnotation] {
		p.add(Step{Verb: Apply, Target: kind + " " + o.GetName(), Why: why, Object: o})
	}
}

// planRacks makes the racks' StatefulSets. Before the first boot is over all
// change at once; afterwards rack by rack, and only for a wish of the user's.
func (s *State) planRacks(p *Plan) {
	sizes := s.own().RackSizes()
	mayRoll := true
	for i, rack := range specRacks(s.DC) {
		size := sizes[i]
		if s.DC.Spec.Stopped {
			size = 0
		}
		have := s.StatefulSets[rack.Name]
		if have != nil && s.initialized() && !s.DC.Spec.Stopped {
			size = max(size, int(*have.Spec.Replicas)) // a node with data must be decommissioned first
		}
		want, err := s.StatefulSet(rack, size)
		if err != nil {
			p.Invalid = err.Error()
			return
		}
		specHash, templateHash := s.specHash(), hashOf(want.Spec.Template)
		want.Annotations = merged(want.Annotations, map[string]string{specHashAnnotation: specHash, templateHashAnnotation: templateHash})
		if have == nil {
			s.apply(p, want, "rack "+rack.Name)
			continue
		}
		sameWish, sameTemplate := have.Annotations[specHashAnnotation] == specHash, have.Annotations[templateHashAnnotation] == templateHash
		switch {
		case sameTemplate && !sameWish, sameTemplate:
			want.Spec.Template = have.Spec.Template // as it is there: defaults filled in
			if int(*have.Spec.Replicas) != size || !sameWish {
				s.force(p, want, fmt.Sprintf("rack %s has %d nodes", rack.Name, size))
			}
		case sameWish && s.DC.Annotations[api.UpdateAllowedAnnotation] == "":
			p.NeedsUpdate = true
		case !mayRoll && s.initialized():
			p.wait("rack %s to take the change before rack %s", p.Updating, rack.Name)
			continue
		default:
			if blocker := s.rollBlocker(rack.Name); s.initialized() && blocker != "" {
				p.Updating, mayRoll = rack.Name, false
				p.wait("%s before rack %s is changed", blocker, rack.Name)
				continue
			}
			s.force(p, want, "the configuration of rack "+rack.Name+" changes")
			p.Updating, mayRoll = rack.Name, false
			continue
		}
		if !s.rolledOut(have) && !s.DC.Spec.Stopped {
			if mayRoll {
				p.Updating = rack.Name
			}
			mayRoll = false
		}
	}
}

// force plans an object whatever was written before.
func (s *State) force(p *Plan, o client.Object, why string) {
	stamp(o)
	p.add(Step{Verb: Apply, Target: o.GetObjectKind().GroupVersionKind().Kind + " " + o.GetName(), Why: why, Object: o})
}

// rolledOut tells whether every pod of the set runs its newest template and serves.
func (s *State) rolledOut(have *appsv1.StatefulSet) bool {
	if have.Status.ObservedGeneration < have.Generation {
		return false
	}
	for _, pod := range s.Pods {
		if strings.HasPrefix(pod.Name, have.Name+"-") && (pod.Revision != have.Status.UpdateRevision || !pod.Ready || pod.Deleting) {
			return false
		}
	}
	return true
}

// rollBlocker names a node outside the rack that is away: taking another one
// down could cost a quorum. Nodes of the rack itself that can't come up as they
// are do not stand in the way: the change may be their cure.
func (s *State) rollBlocker(rack string) string {
	for _, pod := range s.Pods {
		if !pod.Ready && pod.Position.Rack != rack {
			return "node " + pod.Name + " to be ready"
		}
		if !pod.Ready && pod.broken() == "" {
			return "node " + pod.Name + " to be ready"
		}
	}
	return ""
}

func specRacks(dc *api.CassandraDatacenter) []api.Rack {
	if len(dc.Spec.Racks) == 0 {
		return []api.Rack{{Name: "default"}}
	}
	return dc.Spec.Racks
}

func (s *State) planStopped(p *Plan) {
	if len(s.Pods) == 0 {
		p.Stopped, p.Done = true, len(p.Steps) == 0
		return
	}
	p.wait("%d nodes to stop", len(s.Pods))
}

// planPods labels pods and frees those that an old template holds down.
func (s *State) planPods(p *Plan) {
	for _, rack := range specRacks(s.DC) {
		for ordinal := range s.rackSize(rack.Name) {
			position := topology.Position{Rack: rack.Name, Ordinal: ordinal}
			pod := s.pod(position)
			name := s.names().Pod(position)
			switch {
			case pod == nil:
				p.wait("pod %s to be made", name)
			case pod.Deleting:
				p.wait("pod %s to end", name)
			case !pod.Scheduled && pod.Unschedulable != "":
				p.trouble("pod %s can't be placed: %s", name, pod.Unschedulable)
			case pod.IP == "":
				p.wait("pod %s to get an address%s", name, parenthesis(pod.Waiting))
			case pod.broken() != "":
				s.planBroken(p, pod)
			case !pod.Agent:
				p.wait("the agent of %s to answer on port %d", name, portManagement)
			}
			s.planLabels(p, pod)
		}
	}
}

// planBroken reports a failing node; one that still has an old template is
// deleted, because its StatefulSet waits for it to become ready first.
func (s *State) planBroken(p *Plan, pod *Pod) {
	set := s.StatefulSets[pod.Position.Rack]
	if set != nil && set.Status.ObservedGeneration == set.Generation && pod.Revision != set.Status.UpdateRevision && set.Status.UpdateRevision != "" {
		p.add(Step{Verb: DeletePod, Target: pod.Name, Why: "it fails with a configuration that has been replaced", Pod: pod})
		return
	}
	p.trouble("node %s: %s", pod.Name, pod.broken())
}

func (s *State) planLabels(p *Plan, pod *Pod) {
	if pod == nil || pod.Deleting {
		return
	}
	want := map[string]string{}
	if s.isSeed(pod.Position) && pod.Labels[api.SeedNodeLabel] != "true" {
		want[api.SeedNodeLabel] = "true"
	}
	if state := nodeState(pod); state != pod.Labels[api.NodeStateLabel] {
		want[api.NodeStateLabel] = state
	}
	if len(want) > 0 {
		p.add(Step{Verb: Label, Target: pod.Name, Why: "its node is " + nodeState(pod), Pod: pod, Labels: want})
	}
}

func nodeState(pod *Pod) string {
	switch {
	case pod.running() && pod.Ready:
		return api.NodeStateStarted
	case pod.running() && pod.Labels[api.NodeStateLabel] == api.NodeStateStarted:
		return api.NodeStateStartedNotReady
	case pod.running() || pod.starting():
		return api.NodeStateStarting
	}
	return api.NodeStateReadyToStart
}

func (s *State) rackSize(rack string) int {
	own := s.own()
	return own.RackSizes()[slices.Index(own.Racks, rack)]
}

func parenthesis(s string) string {
	if s == "" {
		return ""
	}
	return " (" + s + ")"
}
