package datacenter

import (
	"fmt"
	"slices"
	"strings"
	"time"

	policyv1 "k8s.io/api/policy/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/internal/certificates"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/plan"
	"github.com/ringspan/ringspan/internal/words"
)

// The verbs.
const (
	Apply           plan.Verb = "apply"              // an object of Kubernetes
	Delete          plan.Verb = "delete"             // an object of Kubernetes
	MakeSecret      plan.Verb = "make Secret"        // with a superuser's name and a random password
	CopyConfig      plan.Verb = "copy configuration" // of a Secret of the user's, for pods to refer to
	Restart         plan.Verb = "restart"            // a pod that serves: drained first
	DeletePod       plan.Verb = "delete pod"         // one that doesn't serve; its StatefulSet makes another
	Label           plan.Verb = "label"              // a pod
	Start           plan.Verb = "start"              // a node
	Stop            plan.Verb = "stop"               // a node: drained first
	Seeds           plan.Verb = "reload seeds"       // of a node
	Replicate       plan.Verb = "replicate"          // a keyspace
	Repair          plan.Verb = "repair"             // a keyspace, through a node
	Roles           plan.Verb = "write roles"        // superuser and users
	ConfirmRoles    plan.Verb = "confirm roles"      // that each datacenter has them; replicas that have fallen behind are repaired by it
	DropRole        plan.Verb = "drop role"          // one that was ours, and that its Secret doesn't name any more
	LogQueries      plan.Verb = "log queries"        // of a node: all, or none any more
	OpenNative      plan.Verb = "open native"        // the port for clients, of a node
	Withdraw        plan.Verb = "withdraw"           // a keyspace's replicas from a datacenter that leaves the ring, or has left it
	Decommission    plan.Verb = "decommission"       // a node: its data goes to the others, then it is no member any more
	DeleteClaims    plan.Verb = "delete claims"      // of a pod whose node has left the ring
	Record          plan.Verb = "record"             // an annotation of the datacenter
	MakeTask        plan.Verb = "make task"          // that the tasks' own loop carries out
	Clear           plan.Verb = "clear"              // a request in the spec or an annotation that was carried out
	DeleteVolumes   plan.Verb = "delete volumes"     // of a datacenter that is being deleted
	RemoveFinalizer plan.Verb = "remove finalizer"   // of a datacenter of which nothing is left
	Grow            plan.Verb = "grow volume"        // by its claim
	Remake          plan.Verb = "remake"             // a StatefulSet: deleted without its pods, to be made anew
	KeepVolumes     plan.Verb = "keep volumes"       // of a datacenter that is being deleted, for a time
	RecordDeletion  plan.Verb = "record deletion"    // that the deletion was asked for, whatever happens to the namespace later
)

// Step is one thing to do. Only the fields of its verb are set.
type Step struct {
	plan.Step

	Object     client.Object
	Pod        *Pod
	Labels     map[string]string
	Start      mgmtapi.StartOptions
	Seeds      []string
	Factors    map[string]int
	Kind       certificates.Kind
	On         bool     // what is switched
	Stamp      string   // what the roles are written for, the repair asked for; the value to record
	HostID     string   // of the node that leaves: it is asked as such; no member may know it any more before a record is made, and all must before it is started again
	OnRecord   string   // the record which this rests on: it is read again, past all caches
	Record     string   // the annotation that it is in; DecommissionAnnotation when empty
	Alive      []string // host ids of members that each other node must see as up, asked at that moment; HostID as one that nobody replaces else
	Owned      string   // the roles that are ours, by Secret, to be recorded with the step
	Readable   string   // a role that a quorum in each datacenter must know before a record is made
	Datacenter string   // from which replicas are withdrawn
	Left       bool     // that one has no member any more
	Force      bool     // the node's datacenter leaves as a whole, so that keyspaces may have more replicas there than nodes are left
	Removal    string   // the annotation of a datacenter that leaves the ring, on which this rests: it is read again like OnRecord

	Unchanged bool // it is deleted only as it was observed

	Turn   string                        // what the datacenter says of its nodes, on which this rests: the ring's others are looked at once more
	Budget *policyv1.PodDisruptionBudget // that lets no pod go, written before a node that is up is taken down; nil where there is none
}

// Plan is what to do now and what is waited for.
type Plan struct {
	plan.Notes
	Steps        []Step
	Invalid      string               // why the spec can't be acted on
	Refused      string               // why a change of the nodes' configuration isn't made; they go on as they are
	Secret       string               // why roles can't be written
	NotReplaced  []refusedReplacement // wishes for another node in place of one that aren't followed
	Replacing    string               // the pod whose node is replaced on request
	ReplaceStory string               // what is done or waited for there

	Volumes string // why volumes can't be as the spec asks for; they stay as they are

	QueryLog string // why the log of all queries isn't as the spec asks for; all else is

	Done         bool   // everything is as asked
	Updating     bool   // pods are being made anew from a changed template
	Restarting   bool   // pods are being made anew because a restart was asked for
	Scaling      bool   // nodes are being added
	ScalingDown  bool   // nodes are being removed
	Scaled       bool   // nodes were added, and nothing more is owed to them after this plan
	NeedsUpdate  bool   // this version would make other pods, and waits to be asked
	Consent      string // the hash of what waits for a person's consent; "" when nothing does
	Stopped      bool
	InitComplete bool // the first boot is over
	DataLost     bool // a member has lost its data

	Thin      bool // replicas of the system keyspaces are still to be added or repaired here
	Repairing bool // a repair goes on

	Logins string // what the roles wait for in other datacenters; nothing here waits for that

	TooSmall    *refusal // why the datacenter isn't made smaller, although the spec says so
	Leaving     string   // what is waited for of the node that leaves
	LeaveFailed bool     // it couldn't, and will be asked again
	Removing    bool     // the datacenter leaves its ring
	Gone        bool     // nothing of it is in the ring any more

	TurnWaits string // what nodes wait for before they are taken down, in other datacenters

	Turn *Disruption // what the ring's other datacenters are told of this one's nodes; nil where they don't share a budget

	mounts    bool                      // pods would mount volumes that their nodes don't have
	lacking   bool                      // keyspaces lack their data here
	filled    map[string]map[string]int // what is to be on record of the system keyspaces
	unsettled string                    // the first rack that isn't whole
	held      []string                  // racks that a change has yet to reach
	behind    []string                  // racks whose StatefulSet isn't yet what the spec, or a restart, asks of their pods
	consent   string                    // the hash of what the spec asks for, once it was needed

	canary      bool     // nodes of the canary's rack keep an old template, or wait for a restart
	canaryRacks []string // that a change doesn't reach before the canary is over
	paused      bool     // nothing goes on, and a person is waited for
}

func (p *Plan) add(verb plan.Verb, target, why string, s Step) {
	s.Step = plan.Step{Verb: verb, Target: target, Why: why}
	p.Steps = append(p.Steps, s)
}

// has tells whether a step of one of the verbs is planned.
func (p *Plan) has(verbs ...plan.Verb) bool {
	for _, s := range p.Steps {
		if slices.Contains(verbs, s.Verb) {
			return true
		}
	}
	return false
}

// stuck tells whether something that the spec asks for can't be had, and nothing else waits for it.
func (p *Plan) stuck() bool {
	return p.TooSmall != nil || p.Volumes != "" || p.QueryLog != "" || len(p.NotReplaced) > 0
}

// Next is when the next pass should come if no event causes one before.
func (p *Plan) Next() time.Duration {
	switch {
	case p.Turn != nil && p.Done:
		return 2 * time.Second // what other regions' nodes are at is no event here
	case p.lacking && p.Done:
		return 2 * time.Second // until it is seen that a person's rebuild is over
	case p.Done || p.paused || p.Invalid != "" || p.stuck() && len(p.Steps) == 0 && p.Quiet():
		return 20 * time.Second
	case p.has(CopyConfig, LogQueries, Replicate, Withdraw, Repair, Record, Roles, ConfirmRoles, DropRole, OpenNative, Seeds, Label):
		return 50 * time.Millisecond // these are over when they are done: go on
	}
	return 500 * time.Millisecond
}

// String lists the plan, one line a step.
func (p Plan) String() string {
	var b strings.Builder
	b.WriteString(plan.Text(p.Steps, p.Notes))
	if p.Invalid != "" {
		fmt.Fprintln(&b, "invalid:", p.Invalid)
	}
	if p.TooSmall != nil {
		fmt.Fprintln(&b, "refused:", p.TooSmall.Message)
	}
	for _, words := range []string{p.Volumes, p.QueryLog} {
		if words != "" {
			fmt.Fprintln(&b, "invalid:", words)
		}
	}
	if p.Refused != "" {
		fmt.Fprintln(&b, "refused:", p.Refused)
	}
	for _, r := range p.NotReplaced {
		fmt.Fprintln(&b, "refused:", r)
	}
	if p.NeedsUpdate {
		fmt.Fprintln(&b, "needs an update to be allowed")
	}
	if p.Consent != "" {
		fmt.Fprintln(&b, "needs consent to", p.Consent)
	}
	if p.Done {
		fmt.Fprintln(&b, "done")
	}
	return b.String()
}

// Make decides.
func Make(s *State) Plan {
	p := s.decide()
	s.planTurn(&p)
	s.planBudget(&p)
	return p
}

// decide makes the plan but for what follows from it as a whole. Its parts run in order: objects, pods, nodes, ring.
func (s *State) decide() Plan {
	p := Plan{InitComplete: s.initialized(), ScalingDown: s.recorded().leaves(), Removing: s.removes()}
	if s.isDeleting() && !s.leavesFirst() {
		s.planDeletion(&p)
		return p
	}
	if !s.planAsked(&p) {
		return p
	}
	if p.Invalid = s.invalid(); p.Invalid != "" {
		s.planMissing(&p)
		return p
	}
	p.Secret = s.SecretError
	s.planObjects(&p)
	if blocked := s.planManagement(&p); blocked {
		s.planMissing(&p)
		return p
	}
	s.planConfig(&p)
	s.planRacks(&p)
	if p.Invalid != "" {
		s.planMissing(&p)
		return p
	}
	if s.DC.Spec.Stopped {
		s.planStopped(&p)
		return p
	}
	s.planPods(&p)
	s.planNodeConsent(&p)
	s.planRoll(&p)
	s.planUnclaimed(&p)
	s.planHung(&p)
	s.planStarts(&p)
	s.planRing(&p)
	s.planReplacements(&p)
	s.planDeadMember(&p)
	s.planCleanup(&p)
	s.planStartEmptyDone(&p)
	s.planCopies(&p)
	s.planClear(&p) // before nodes leave, which takes hours: what is allowed for one time would last as long
	s.planScaleDown(&p)
	s.planGone(&p)
	s.planVolumes(&p) // behind what waits: what grows holds up nothing
	s.planQueryLog(&p)
	if len(p.held) > 0 {
		p.Wait("rack %s to be whole before the change reaches %s", p.unsettled, strings.Join(p.held, ", "))
	}
	s.planCanary(&p)
	p.Done, p.lacking = len(p.Steps) == 0 && p.Quiet() && p.Secret == "" && !p.stuck(), s.owedKeyspacesMessage() != ""
	return p
}

// invalid names the first field that can't be acted on.
func (s *State) invalid() string {
	switch {
	case s.RingError != "":
		return s.RingError
	case s.KeptRing != "" && !s.initialized():
		return s.keptVolumesMessage()
	case s.DC.Spec.ServerType != "" && s.DC.Spec.ServerType != "cassandra":
		return fmt.Sprintf("spec.serverType: %s is not supported, only cassandra", s.DC.Spec.ServerType)
	case s.ringRefused() != "":
		return s.ringRefused()
	case s.namesRefused() != "":
		return s.namesRefused()
	case s.racksRefused() != "":
		return s.racksRefused()
	case int(s.DC.Spec.Size) < len(s.DC.RackNames()):
		return fmt.Sprintf("spec.size: %d is less than the %d racks", s.DC.Spec.Size, len(s.DC.RackNames()))
	case !s.begun():
		return s.refusesEphemeral()
	}
	return ""
}

func (s *State) planStopped(p *Plan) {
	s.planRestartRequest(p)
	s.planRemade(p)
	if s.removes() {
		p.Wait("datacenter %s to run (spec.stopped: false) before its nodes can leave the ring", s.name())
	}
	if len(s.Pods) > 0 {
		p.Wait("%s to stop", words.Count(len(s.Pods), "node"))
		return
	}
	p.Stopped, p.Done = true, len(p.Steps) == 0 && !p.Removing
}
