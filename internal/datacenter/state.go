package datacenter

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/topology"
)

// State is everything that a pass has observed. A field that could not be read is
// empty.
type State struct {
	Now             time.Time
	DC              *api.CassandraDatacenter
	Agent           string // image of the agent; AgentImage() when empty
	Ring            topology.Ring
	StatefulSets    map[string]*appsv1.StatefulSet // by rack: also of those that the spec doesn't have any more
	RemovedRackSets []*appsv1.StatefulSet          // the datacenter's own, of which nobody can tell the rack
	Namesakes       []Namesake                     // datacenters of the same cluster name and another ring, in this namespace
	SameObjects     []Namesake                     // datacenters whose objects have the same names as this one's, in this namespace
	MadeSeedService bool                           // the datacenter made the seed service, which its namesakes would share
	Hashes          map[string]string              // of written objects, by kind and name
	Budget          *Budget                        // nil when there is none
	Foreign         map[string]bool                // objects of our names that another datacenter owns
	Pods            []Pod
	Others          []Other             // datacenters of the ring, where all have one disruption budget; nil when the other regions have yet to be looked at
	PeerSeeds       []string            // addresses of other datacenters' seeds, from endpoint slices
	SpecSeeds       map[string][]string // addresses of those that the spec names; see peerSeeds
	ConfigSecret    ConfigSecret
	PerNode         PerNode
	Superuser       *Credentials
	Users           []Credentials
	SecretError     string // why a Secret can't be used; names it and the key
	Management      Management
	RingError       string // why the ring's annotation can't be read

	Ringview          []mgmtapi.Endpoint // as one running node sees the ring
	Schemas           int                // versions among reachable nodes; 0 = unknown
	Replication       map[string]map[string]string
	AllReplication    bool                         // Replication has every keyspace of the ring
	Keyspaces         map[string]map[string]string // replication of the users' keyspaces; nil when it can't be read
	Repairs           []RepairRun                  // that this process asked for
	Rebuilds          []time.Time                  // when rebuilds of the whole datacenter began that are complete
	Restarts          []RestartTask                // that go on
	Replacements      []ReplaceRequest             // of tasks that go on
	Tasks             []string                     // that go on and move or rewrite data
	RebuildTasks      []string                     // those of them that rebuild nodes
	DueTasks          []string                     // that are about to, and wait for a node that is on record to leave
	Decommission      *DecommissionRun             // that this process asked for; nil if none
	Streams           []mgmtapi.Stream             // of the node that leaves
	LeaverClaims      []Volume                     // those that are there of the pod whose node leaves
	Roles             []string                     // nil when they can't be read
	Ownership         map[string]float64           // by address
	RolesEverywhere   string                       // for which of those a quorum of the replicas in each datacenter was seen to have the roles
	RolesAt           time.Time                    // when they were written last
	Login             *Login                       // nil while it isn't known
	RolesDone         string                       // which credentials and replication the roles were written for, in this process's lifetime
	QueryLogFailures  map[string]QueryLogFailure   // by pod UID: why the log of all queries couldn't be switched
	SeedsGiven        map[string]string            // by pod UID: the seeds that its node was last told
	Taken             map[string]string            // pods that this process took down to make them anew and that don't serve yet, with the UID that they had
	Claims            map[string]*corev1.PersistentVolumeClaim
	Classes           map[string]Class // of GrowingClasses
	Volumes           []Volume         // claims of the datacenter that are still to be deleted, when it is
	Loss              string           // why it is being deleted although nobody asked for that; "" when somebody did
	KeptRing          string           // the other ring of which volumes are kept under the datacenter's name, if any
	EarlierVolumes    bool             // it has volumes of an earlier datacenter, which may hold data
	NamespaceDeleting bool             // it is lost with its namespace, where nothing can be made any more
}

// Volume is a claim of the datacenter. Its name may be another one's later.
type Volume struct {
	Name, UID string
	Deleting  bool
}

// Credentials are a role's, from a Secret. Version changes when the Secret does.
type Credentials struct {
	Secret, Username, Password, Version string
	Superuser                           bool
	Origin                              string // of a copy: the original's region and version in words
}

// Login is whether the superuser of a Secret can log in, as the datacenter's own replicas have it.
type Login struct {
	Version string // of the Secret
	Works   bool
	At      time.Time // when that was seen
}

// Pod is one Cassandra pod with its node.
type Pod struct {
	Name, UID, IP string
	Position      topology.Position
	Labels        map[string]string
	Deleting      bool
	Ready         bool
	ReadySince    time.Time // by the clock of its machine; zero when it isn't ready
	Scheduled     bool
	Unschedulable string // the scheduler's words
	Revision      string // of its StatefulSet
	Waiting       string // why its container does not run: reason and message
	Crashed       string // the last words of its container's last run
	Claim         string // UID of the claim of its data; empty when there is none
	ClaimDeleting bool   // the claim goes with the pod
	Unclaimed     string // a claim that it waits for, and that is gone or can't have a volume where it is
	Client        string // Secret with which its agent is spoken to
	Secure        bool   // its agent asks for a certificate
	Object        *corev1.Pod
	TrustError    string // why the operator and its agent don't trust each other, in brackets
	Agent         bool   // answers
	Status        mgmtapi.Status
}

// node is in the ring and serves.
func (p Pod) running() bool { return p.Agent && p.Status.State == mgmtapi.Running }

func (p Pod) starting() bool { return p.Agent && p.Status.State == mgmtapi.Starting }

// broken says why the pod's node can't be expected to come up as it is. One
// that starts again after a failure has yet to show that it will.
func (p Pod) broken() string {
	switch {
	case p.Ready || p.running():
		return ""
	case p.Crashed != "":
		return p.Crashed
	case p.starting():
		return ""
	}
	return p.Waiting
}

// name is Cassandra's name of the datacenter.
func (s *State) name() string { return s.DC.CassandraName() }

func (s *State) names() topology.Names { return NamesOf(s.DC) }

// own is the datacenter in the ring. Without a ring it stands alone.
func (s *State) own() topology.Datacenter {
	if d, ok := s.Ring.Datacenter(s.name()); ok {
		d.Size, d.Racks = s.size(), s.DC.RackNames()
		return d
	}
	return topology.Datacenter{Name: s.name(), Size: s.size(), Racks: s.DC.RackNames(), NumTokens: s.numTokens()}
}

// size is how many nodes are wanted: none of a datacenter that leaves its ring.
func (s *State) size() int {
	if s.removes() {
		return 0
	}
	return int(s.DC.Spec.Size)
}

// StandAlone is the ring of a datacenter that was told of none, whose configuration is known. With seeds elsewhere it joins a
// ring that it knows nothing else of.
func (s *State) StandAlone() topology.Ring {
	alone := *s
	alone.Ring = topology.Ring{}
	ring := topology.Ring{Name: s.DC.Spec.ClusterName, Founder: s.name(), Datacenters: []topology.Datacenter{alone.own()}}
	if len(s.DC.Spec.AdditionalSeeds) > 0 {
		ring.Founder = ""
	}
	return ring
}

// founds tells whether the datacenter may boot with no seeds but its own. One
// that gets the data of a ring in use can't be the one that founds it, nor one that joins.
func (s *State) founds() bool {
	return s.Ring.Founder == s.name() && s.DC.Annotations[api.RebuildFromAnnotation] == "" && !s.mustJoin()
}

// managesRing tells whether this datacenter writes what the whole ring shares, which is the
// replication of system keyspaces and the roles. The founder does, or each where none is known.
func (s *State) managesRing() bool { return s.Ring.Founder == s.name() || s.Ring.Founder == "" }

func (s *State) initialized() bool { return s.DC.Status.IsTrue(api.DatacenterInitialized) }

func (s *State) numTokens() int {
	switch n := s.cassandraYAML()["num_tokens"].(type) {
	case float64:
		return int(n)
	case string:
		var v int
		if _, err := fmt.Sscan(n, &v); err == nil {
			return v
		}
	}
	return 16
}

// auth tells whether clients must log in.
func (s *State) auth() bool {
	a, _ := s.cassandraYAML()["authenticator"].(string)
	if a == "" {
		if m, ok := s.cassandraYAML()["authenticator"].(map[string]any); ok {
			a, _ = m["class_name"].(string)
		}
	}
	return a != "" && !strings.HasSuffix(a, "AllowAllAuthenticator")
}

// skipUsers tells whether the operator writes no roles. A datacenter of a ring still waits
// for its ring's superuser, unless the ring's roles are somebody else's.
func (s *State) skipUsers() bool {
	return s.DC.Annotations[api.SkipUserCreationAnnotation] == "true" && (s.managesRing() || s.Ring.Joins || len(s.Ring.External) > 0)
}

// systemReplication is what the ring's owner asked for, else the rule.
//
// What datacenters get that somebody else looks after: see externalFactors.
func (s *State) systemReplication() map[string]int {
	out := map[string]int{}
	if text := s.DC.Annotations["k8ssandra.io/initial-system-replication"]; text == "" || json.Unmarshal([]byte(text), &out) != nil || len(out) == 0 {
		return s.Ring.SystemReplication()
	}
	for _, name := range s.Ring.External {
		delete(out, name)
	}
	for _, d := range s.Ring.Datacenters { // it was said when the ring began, and a datacenter may be smaller by now
		if factor, said := out[d.Name]; said && d.Size > 0 {
			out[d.Name] = min(factor, d.Size)
		}
	}
	return out
}

// ComparePods orders pods by their StatefulSets' names, and in a set by their ordinals, so that nodes join from the front.
func ComparePods(a, b string) int {
	set := func(name string) (string, int) {
		i := strings.LastIndexByte(name, '-')
		ordinal, _ := strconv.Atoi(name[i+1:]) // no number: 0
		return name[:max(i, 0)], ordinal
	}
	setA, ordinalA := set(a)
	setB, ordinalB := set(b)
	return cmp.Or(strings.Compare(setA, setB), cmp.Compare(ordinalA, ordinalB))
}

// pod finds one by its position.
func (s *State) pod(p topology.Position) *Pod {
	i := slices.IndexFunc(s.Pods, func(x Pod) bool { return x.Position == p })
	if i < 0 {
		return nil
	}
	return &s.Pods[i]
}

// isSeed tells whether other nodes may start from the pod's: when it is a member, or
// founds the ring. A node that has yet to join would have others wait for it, which
// may be the ones that it waits for.
func (s *State) isSeed(pod *Pod) bool {
	return slices.Contains(s.seedPositions(), pod.Position) && !s.isLeaver(pod.Name) && (!s.initialized() && s.founds() || s.isMember(pod))
}

// seedPositions are those of the nodes that there are: a size that is smaller, or a rack that is taken out, changes no seeds before nodes leave.
func (s *State) seedPositions() []topology.Position {
	d := s.own()
	d.Size = max(d.Size, s.total())
	for _, rack := range s.removedRacks() {
		if len(s.ordinals(rack)) > 0 {
			d.Racks = append(slices.Clone(d.Racks), rack)
		}
	}
	return d.Seeds()
}

// ownSeeds are the addresses of this datacenter's seeds; all is false while one
// is missing.
func (s *State) ownSeeds() (addresses []string, all bool) {
	all = true
	for _, p := range s.seedPositions() {
		if pod := s.pod(p); pod != nil && pod.IP != "" && !pod.Deleting && s.isSeed(pod) {
			addresses = append(addresses, pod.IP)
		} else {
			all = false
		}
	}
	slices.Sort(addresses)
	return addresses, all
}

// lastSeeds are ownSeeds and the last known addresses of members whose pods are being
// recreated. So a restart changes the seeds once and not twice.
func (s *State) lastSeeds() []string {
	addresses, _ := s.ownSeeds()
	for _, p := range s.seedPositions() {
		member := s.DC.Status.NodeStatuses[s.names().Pod(p)]
		pod := s.pod(p)
		if gone := pod == nil || pod.Deleting || pod.IP == ""; gone && member.HostID != "" && !s.DC.Spec.Stopped && !s.isLeaver(s.names().Pod(p)) {
			addresses = append(addresses, member.IP)
		}
	}
	slices.Sort(addresses)
	return addresses
}

// seeds are what a node is given. On the ring's first boot there is one set, the
// founder's: two sets could make two rings of one name.
func (s *State) seeds() []string {
	own, _ := s.ownSeeds()
	switch {
	case s.initialized() && len(own)+len(s.peerSeeds()) == 0 && s.seedsLost():
		return s.anyMembers()
	case s.initialized():
		return slices.Compact(slices.Sorted(slices.Values(append(own, s.peerSeeds()...))))
	case s.founds():
		return own
	case s.mustJoin() && len(s.peerSeeds()) == 0: // those that have joined tell of the ring
		return s.anyMembers()
	}
	return s.peerSeeds()
}

// seedsLost tells whether all seeds of the datacenter are known to have lost their data.
func (s *State) seedsLost() bool {
	return !slices.ContainsFunc(s.seedPositions(), func(at topology.Position) bool {
		pod := s.pod(at)
		return pod == nil || pod.IP == "" || !s.dataLost(pod)
	})
}

// anyMembers are the addresses of those that have their data, when all seeds have
// lost theirs: any member tells of the ring, and no other node would start.
func (s *State) anyMembers() (addresses []string) {
	for i := range s.Pods {
		if pod := &s.Pods[i]; pod.IP != "" && !pod.Deleting && s.isMember(pod) {
			addresses = append(addresses, pod.IP)
		}
	}
	slices.Sort(addresses)
	return addresses
}

// isMember tells whether the pod's node is a member of the ring and has its data. The
// pod's name alone is no proof.
func (s *State) isMember(p *Pod) bool { return s.lastHostID(p) != "" && !s.dataLost(p) }

// GossipedSchemas counts the schema versions of the members that are alive, as
// one node knows them from gossip.
func GossipedSchemas(ring []mgmtapi.Endpoint) int {
	versions := map[string]bool{}
	for _, e := range ring {
		if e.Alive && e.Schema != "" {
			versions[e.Schema] = true
		}
	}
	return len(versions)
}

func podReady(pod *corev1.Pod) (is bool, since time.Time) {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue {
			return true, c.LastTransitionTime.Time
		}
	}
	return false, time.Time{}
}
