package datacenter_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	control "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/mgmtapi/fake"
	"github.com/ringspan/ringspan/internal/ring"
	"github.com/ringspan/ringspan/internal/topology"
)

// world is a ring with all that surrounds it: regions, each with a small
// Kubernetes and an operator, nodes that gossip, and a clock that tick moves.
type world struct {
	now     time.Time
	cassie  *fake.Ring
	ring    topology.Ring
	regions []*region
	serial  int
	quiet   bool            // plans are shown without certificates
	members map[string]bool // host ids that a status had after the first boot
	broken  []string        // rules that were broken, in words
	turns   int             // nodes that were taken down where all regions have one budget
	beside  int             // of them those beside one of a region that is gone
	evicted int             // pods
	refused int             // evictions
	atOnce  int             // how many nodes of a datacenter were taken down by one plan at most

	siblings bool    // the datacenters are of one namespace, and no K8ssandraCluster made them
	rings    int     // of the name, if more than one is meant
	service  *region // that has the seed service
}

// region is one datacenter with its operator.
type region struct {
	*world
	dc        *api.CassandraDatacenter
	objects   map[string]object
	sets      map[string]*appsv1.StatefulSet
	pods      map[string]*corev1.Pod
	nodes     map[string]*fake.Node // by pod name: they live as long as the volumes
	secrets   map[string]map[string]string
	copies    map[string]datacenter.ConfigCopy // of configurations
	perNode   *corev1.ConfigMap                // the configuration of single nodes
	version   map[string]int                   // of the Secrets
	claims    map[string]int                   // by pod name: how many volumes it has had; none without claims
	leaving   map[string]bool
	storage   map[string]*corev1.PersistentVolumeClaim // by name
	fixed     bool                                     // its StorageClass doesn't let volumes grow
	setsMade  int                                      // StatefulSets
	larger    int                                      // how often larger volumes were asked for
	resizer   string                                   // what becomes of larger volumes: see resizeVolumes
	lost      []*fake.Node                             // with the region
	rolled    string                                   // memory of the operator's process
	rolledAt  time.Time
	confirmed string // the roles that each datacenter was seen to have
	login     *datacenter.Login
	told      map[string]string
	taken     map[string]string
	repairs   []datacenter.RepairRun

	decommission *datacenter.DecommissionRun

	queryLogs map[string]datacenter.QueryLogFailure
	tasks     []string // that were made
	busy      []string // tasks of a person that go on
	issued    datacenter.Management
	peers     []string            // seeds as last read from the other regions
	volumes   []datacenter.Volume // claims, once the datacenter is being deleted
	namesakes []datacenter.Namesake
	sameNames []datacenter.Namesake // datacenters whose objects would have the same names
	tookUp    bool                  // it has the volumes of an earlier datacenter
	budget    *policyv1.PodDisruptionBudget
	lagging   bool              // the controller of budgets is slow
	byHand    map[string]string // pods that the operator took down, with their UIDs, until they serve again
	between   func()            // happens between a look and what follows from it
	heard     map[string]string // what the other regions said when it was last heard
	saying    map[string]said   // since when
	cutSince  time.Time         // when it was cut off
	deaf      bool              // news of other regions take long
	lastSaid  time.Time         // when it last said something of its nodes
	cutOff    bool              // the other regions can't be asked
	held      bool              // its pods get no address
	idle      bool              // its operator doesn't run
	stuck     bool              // requests of its datacenter can't be taken back
	patched   bool              // its datacenter was changed in this pass: the next change of it conflicts
	unplaced  map[string]bool   // these get none
	unclaimed map[string]bool   // these wait for a claim that is gone
	jobs      map[string]string
	restart   *control.CassandraTask // that has begun
	rebuilt   []time.Time            // when rebuilds began that are over
	begun     time.Time              // when the one began that goes on
	seen      map[string]ring.Member // the ring's datacenters as last read
	last      string                 // plan, as printed before
	done      bool
	replaces  []*control.CassandraTask // tasks of a person
	anew      bool                     // a node began the ring anew, as a person allowed
	unaware   bool                     // its operator has yet to hear of its siblings
	gone      bool                     // it was deleted, with all that it had

	ailments []ailment // of pods that are made from a bad template

	formerRacks bool // its operator is of a version in which no rack could be taken out
	wasTakenOut bool // of the ring, by now or earlier
}

type object struct{ hash string }

func newWorld() *world {
	w := &world{quiet: true, members: map[string]bool{}, now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), cassie: fake.NewRing("multi-region"), ring: topology.Ring{Name: "multi-region", Founder: "dc1"}}
	w.cassie.Now = func() time.Time { return w.now }
	return w
}

// add makes a region with a datacenter of one rack per name.
func (w *world) add(name string, size int, racks []string, auth bool) *region {
	d := topology.Datacenter{Name: name, Region: "region-" + name, Size: size, Racks: racks, NumTokens: 4}
	w.ring.Datacenters = append(w.ring.Datacenters, d)
	r := &region{world: w, byHand: map[string]string{}, heard: map[string]string{}, saying: map[string]said{}, objects: map[string]object{}, sets: map[string]*appsv1.StatefulSet{}, pods: map[string]*corev1.Pod{}, nodes: map[string]*fake.Node{},
		secrets: map[string]map[string]string{}, copies: map[string]datacenter.ConfigCopy{}, version: map[string]int{}, claims: map[string]int{}, storage: map[string]*corev1.PersistentVolumeClaim{}, leaving: map[string]bool{}, unplaced: map[string]bool{}, unclaimed: map[string]bool{}, told: map[string]string{}, taken: map[string]string{}, jobs: map[string]string{}}
	r.dc = &api.CassandraDatacenter{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "ns", UID: "uid", Generation: 1}}
	spec := &r.dc.Spec
	spec.StorageConfig.CassandraDataVolumeClaimSpec = &corev1.PersistentVolumeClaimSpec{}
	spec.ClusterName, spec.ServerType, spec.ServerVersion, spec.Size = "multi-region", "cassandra", "5.0.9", int32(size)
	for _, rack := range racks {
		spec.Racks = append(spec.Racks, api.Rack{Name: rack})
	}
	yaml := map[string]any{"num_tokens": 4}
	if auth {
		yaml["authenticator"] = "PasswordAuthenticator"
		spec.SuperuserSecretName = "admin"
		r.secret("admin", map[string]string{"username": "admin", "password": "secret"})
	}
	r.config(yaml)
	w.regions = append(w.regions, r)
	return r
}

func (r *region) secret(name string, data map[string]string) {
	r.secrets[name] = data
	r.version[name]++
}

// config changes keys of cassandra.yaml; nil removes one.
func (r *region) config(keys map[string]any) {
	r.section("cassandra-yaml", func(before any) any {
		section, _ := before.(map[string]any)
		if section == nil {
			section = map[string]any{}
		}
		for k, v := range keys {
			section[k] = v
			if v == nil {
				delete(section, k)
			}
		}
		return section
	})
}

// section changes one of the configuration's.
func (r *region) section(name string, change func(before any) any) {
	doc := map[string]any{}
	_ = json.Unmarshal(r.dc.Spec.Config, &doc)
	if doc[name] = change(doc[name]); doc[name] == nil {
		delete(doc, name)
	}
	r.dc.Spec.Config, _ = json.Marshal(doc)
	r.dc.Generation++
}

// standAlone removes the ring's annotation.
func (r *region) standAlone() { r.world.ring = topology.Ring{} }

// observe is what the operator's loop does, without an API server.
func (r *region) observe() *datacenter.State {
	s := &datacenter.State{Now: r.now, DC: r.dc.DeepCopy(), Ring: r.world.ring, StatefulSets: map[string]*appsv1.StatefulSet{}, Hashes: map[string]string{}, RolesDone: r.rolled, RolesAt: r.rolledAt, RolesEverywhere: r.confirmed, SeedsGiven: r.told, Taken: r.taken, QueryLogFailures: r.queryLogs, Rebuilds: r.rebuilt}
	if len(r.world.ring.Datacenters) > 0 {
		metav1.SetMetaDataAnnotation(&s.DC.ObjectMeta, topology.Annotation, r.world.ring.Encode())
	}
	s.MadeSeedService = len(r.world.ring.Datacenters) == 0 && r.objects["Service multi-region-seed-service"].hash != ""
	s.SameObjects, s.Namesakes, s.Volumes, s.EarlierVolumes = r.sameNames, r.namesakes, r.volumes, r.tookUp
	s.Tasks = r.busy
	s.RebuildTasks = slices.DeleteFunc(slices.Clone(r.busy), func(name string) bool { return !strings.Contains(name, "rebuild") })
	if r.restart != nil {
		if t := datacenter.RestartTaskOf(r.restart, r.dc.Name); t != nil {
			s.Restarts = append(s.Restarts, *t)
		}
	}
	s.Replacements = r.replacements()
	for _, q := range s.Replacements {
		s.Tasks = append(s.Tasks, q.Task)
	}
	r.readVolumes(s)
	for rack, set := range r.sets {
		if !slices.ContainsFunc(r.dc.Spec.Racks, func(one api.Rack) bool { return one.Name == rack }) {
			if r.formerRacks {
				s.RemovedRackSets = append(s.RemovedRackSets, set.DeepCopy())
				continue
			}
			s.NoteRemovedSet(set.DeepCopy())
			continue
		}
		s.StatefulSets[rack] = set.DeepCopy()
	}
	r.readConfig(s)
	if datacenter.PerNodeConfig(r.dc) != "" {
		s.PerNode = datacenter.ReadPerNode(r.dc, r.perNode)
	}
	if len(r.world.ring.Datacenters) == 0 {
		s.Ring = s.StandAlone()
	}
	for name, o := range r.objects {
		s.Hashes[name] = o.hash
	}
	if r.dc.Annotations[api.DisruptionScopeAnnotation] != "" {
		if !r.deaf {
			r.hear()
		}
		s.Others = r.others()
	}
	if r.budget != nil {
		s.Budget = datacenter.BudgetOf(r.budget)
	}
	r.readPeers()
	s.PeerSeeds = slices.Compact(slices.Sorted(slices.Values(r.peers)))
	s.SpecSeeds = map[string][]string{}
	for _, name := range r.dc.Spec.AdditionalSeeds { // each is its own address, but for those that can't be resolved
		if !strings.HasPrefix(name, "unknown") {
			s.SpecSeeds[name] = []string{name}
		}
	}
	r.readSecrets(s)
	s.Management = r.issued
	s.Management.Secrets = maps.Clone(r.issued.Secrets)
	r.readPods(s)
	s.ForgetTaken(r.taken)
	r.repairs = datacenter.PollRepairs(r.repairs, s.Pods, r.now, func(pod *datacenter.Pod, id string) (mgmtapi.Job, error) {
		return r.cassie.Dial(pod.IP).Job(context.Background(), id)
	})
	r.decommission = datacenter.PollDecommission(r.decommission, s.Pods, r.now, func(pod *datacenter.Pod, id string) (mgmtapi.Job, error) {
		return r.cassie.Dial(pod.IP).Job(context.Background(), id)
	})
	s.Decommission = r.decommission
	r.readLeaver(s)
	r.readRing(s)
	r.readLogin(s)
	r.repairs = s.CurrentRepairs(r.repairs)
	s.Repairs = r.repairs
	r.readSiblings(s)
	return s
}

// readPeers is what the ring's controller does: before the first boot only the
// founder's seeds are passed on.
func (r *region) readPeers() {
	if r.cutOff || len(r.world.ring.Datacenters) == 0 {
		return
	}
	r.peers = nil
	for _, other := range r.regions {
		usable := other.dc.Name == r.world.ring.Founder && (!r.world.ring.Joins || other.dc.Status.IsTrue(api.DatacenterInitialized)) || r.dc.Status.IsTrue(api.DatacenterInitialized)
		if other != r && usable {
			r.peers = append(r.peers, other.dc.Status.Seeds...)
		}
	}
}

func (r *region) readSecrets(s *datacenter.State) {
	read := func(field, name string) *datacenter.Credentials {
		data, ok := r.secrets[name]
		switch {
		case !ok:
			s.SecretError = fmt.Sprintf("%s: Secret %s does not exist in namespace ns", field, name)
		case data["username"] == "" || data["password"] == "":
			s.SecretError = fmt.Sprintf("%s: Secret %s needs username and password", field, name)
		default:
			return &datacenter.Credentials{Secret: name, Username: data["username"], Password: data["password"], Version: strconv.Itoa(r.version[name])}
		}
		return nil
	}
	name := r.dc.Spec.SuperuserSecretName
	if name == "" {
		if name = "multi-region-superuser"; r.secrets[name] == nil {
			return
		}
	}
	s.Superuser = read("spec.superuserSecretName", name)
	for i, u := range r.dc.Spec.Users {
		if c := read(fmt.Sprintf("spec.users[%d].secretName", i), u.SecretName); c != nil {
			c.Superuser = u.Superuser
			s.Users = append(s.Users, *c)
		}
	}
}

// pass is one pass of the operator's loop. It dies after so many steps, with all
// that it remembers, unless that is less than 0.
func (r *region) pass(dies int) datacenter.Plan {
	r.ringPass()
	if r.hasFormerRole() {
		r.tellSecret()
	}
	s := r.observe()
	r.patched = false
	plan := datacenter.Make(s)
	r.watch(s, plan)
	if r.between != nil {
		r.between()
	}
	var failed error
	for i, step := range plan.Steps {
		if dies >= 0 && i >= dies {
			r.forget()
			return plan
		}
		if err := r.do(s, step); err != nil {
			failed = errors.Join(failed, err)
		}
	}
	r.dc.Status = datacenter.Summarize(s, plan, failed)
	if r.dc.DeletionTimestamp != nil {
		r.dc.Status = datacenter.SummarizeDeletion(s, plan, failed)
	}
	r.done = plan.Done && len(plan.Steps) == 0
	return plan
}

// forget is the end of the operator's process.
func (r *region) forget() {
	r.rolledAt, r.confirmed, r.login = time.Time{}, "", nil
	r.saying = map[string]said{}
	if r.cutSince = r.now; !r.cutOff {
		r.cutSince = time.Time{}
	}
	r.rolled, r.told, r.taken, r.repairs, r.decommission, r.queryLogs = "", map[string]string{}, map[string]string{}, nil, nil, nil
}

// watch notes what must never be planned.
func (r *region) watch(s *datacenter.State, plan datacenter.Plan) {
	open := slices.ContainsFunc(s.Pods, func(p datacenter.Pod) bool { return p.Status.NativeTransport })
	for _, step := range plan.Steps {
		if step.Verb == datacenter.Start && step.Start.AutoBootstrap != nil && r.nodes[step.Pod.Name].HostID() == "" && open && s.DC.Owes() == "" {
			r.broken = append(r.broken, step.Target+" joins a datacenter in use without its data")
		}
	}
	forced := slices.ContainsFunc(s.Restarts, func(t datacenter.RestartTask) bool { return t.Fast || t.Force && t.Rack != "" })
	if !s.DC.Status.IsTrue(api.DatacenterInitialized) || len(s.DC.Spec.ForceUpgradeRacks) > 0 || s.DC.Spec.Stopped || forced {
		return
	}
	for _, step := range plan.Steps {
		if step.Verb == datacenter.Start && s.DC.Status.NodeStatuses[step.Target].HostID == "" && slices.Contains(step.Start.Seeds, step.Pod.IP) {
			r.broken = append(r.broken, step.Target+" is its own seed, and would join without its data")
		}
	}
	for _, n := range s.DC.Status.NodeStatuses {
		r.members[n.HostID] = true
	}
	r.watchAnew(plan)
	for _, step := range plan.Steps {
		r.spreads(s, step)
		if step.Verb == datacenter.Start {
			r.watchStart(s, step)
		}
	}
	var away []string
	for _, step := range plan.Steps {
		if (step.Verb == datacenter.Restart || step.Verb == datacenter.DeletePod) && step.Pod.Ready {
			away = append(away, step.Pod.Name)
		}
	}
	if len(away) == 0 {
		return
	}
	r.world.atOnce = max(r.world.atOnce, len(away))
	for name, pod := range r.pods {
		if (!ready(pod) || pod.DeletionTimestamp != nil) && !r.isUnwanted(name) {
			away = append(away, name)
		}
	}
	if len(away) > 1 && !r.mayGoTogether(away) {
		r.broken = append(r.broken, fmt.Sprintf("%s: a node is taken down while another is away:\n%s", r.dc.Name, plan))
	}
}

// watchTakenDown notes a node that is up and that is taken down although another one is down which has replicas of the same ranges,
// whether it lets clients in or not. Where a person asks for just that it may be.
func (r *region) watchTakenDown(s *datacenter.State, step datacenter.Step) {
	forced := slices.ContainsFunc(s.Restarts, func(t datacenter.RestartTask) bool { return t.Fast || t.Force })
	takes := step.Verb == datacenter.Restart || step.Verb == datacenter.DeletePod && step.Record == ""
	if !takes || !s.DC.Status.IsTrue(api.DatacenterInitialized) || len(s.DC.Spec.ForceUpgradeRacks) > 0 || s.DC.Spec.Stopped || forced {
		return
	}
	told := slices.ContainsFunc(slices.Collect(maps.Keys(r.nodes)), func(name string) bool {
		_, err := r.nodes[name].Endpoints(context.Background())
		return name != step.Pod.Name && err == nil
	})
	if n := r.nodes[step.Pod.Name]; n == nil || !n.Up() || len(r.nodes) < 2 {
		return
	}
	if told {
		r.world.broken = append(r.world.broken, r.bereft(step.Pod.Name, "is taken down")...)
		return
	}
	for name, other := range r.nodes { // nobody can be asked
		if name != step.Pod.Name && other.Member() && !other.Up() {
			r.world.broken = append(r.world.broken, fmt.Sprintf("%s is taken down while %s is down, and nobody can be asked", step.Pod.Name, name))
		}
	}
}

// isUnwanted tells whether a pod is one of those that a smaller size ends before their nodes were members.
func (r *region) isUnwanted(name string) bool {
	d := topology.Datacenter{Size: int(r.dc.Spec.Size), Racks: r.dc.RackNames()}
	for i, size := range d.RackSizes() {
		if at, ok := ordinal(name, datacenter.NamesOf(r.dc).StatefulSet(d.Racks[i])); ok {
			return at >= size && r.dc.Status.NodeStatuses[name].HostID == ""
		}
	}
	return r.dc.Status.NodeStatuses[name].HostID == "" // of a rack that was taken out
}

// watchAnew notes a ring that is begun anew beside a datacenter with data.
func (r *region) watchAnew(plan datacenter.Plan) {
	for _, step := range plan.Steps {
		if step.Verb != datacenter.Start || step.Start.AutoBootstrap == nil || r.nodes[step.Target].HostID() != "" {
			continue
		}
		r.anew = true
		for _, other := range r.regions {
			if other != r && other.dc.Spec.Stopped && other.dc.Status.IsTrue(api.DatacenterInitialized) && other.dc.Owes() == "" && !r.cutOff {
				r.broken = append(r.broken, fmt.Sprintf("%s begins the ring anew, and %s is stopped with its data", step.Target, other.dc.Name))
			}
		}
	}
}

// watchStart notes a member that would come back without its data under its old
// name.
func (r *region) watchStart(s *datacenter.State, step datacenter.Step) {
	former := s.DC.Status.NodeStatuses[step.Target].HostID
	if former == "" || r.nodes[step.Target].HostID() != "" || len(s.Ringview) == 0 {
		return
	}
	if slices.Contains(step.Start.Seeds, step.Pod.IP) {
		r.broken = append(r.broken, step.Target+" has lost its data and is its own seed")
	}
	known := slices.ContainsFunc(s.Ringview, func(e mgmtapi.Endpoint) bool { return e.HostID == former })
	if known && step.Start.ReplaceAddress == "" {
		r.broken = append(r.broken, step.Target+" has lost its data and would not replace its former self")
	}
}

// settle runs all operators and the world until nothing changes any more, and
// says whether that came to pass in so many rounds.
func (w *world) settle(rounds int, say func(r *region, plan datacenter.Plan)) bool {
	calm := 0
	for range rounds {
		quiet := true
		for _, r := range w.regions {
			if r.idle || r.gone {
				continue
			}
			plan := r.pass(-1)
			if say != nil {
				say(r, plan)
			}
			quiet = quiet && r.done
		}
		if calm = w.calmAfterTick(calm, quiet); calm == 2 { // what one region said in its last pass may have been news to another
			return true
		}
	}
	return false
}

// check says which of the rules that hold at any time are broken.
func (w *world) check() string {
	broken := w.broken
	if robbed := w.cassie.Robbed(); len(robbed) > 0 {
		broken = append(broken, fmt.Sprintf("the ranges of %s were taken silently", strings.Join(robbed, ", ")))
	}
	if returned := w.cassie.Returned(); len(returned) > 0 {
		broken = append(broken, strings.Join(returned, ", ")+" left the ring and came back from the old volumes")
	}
	if words := w.oneRing(); words != "" {
		broken = append(broken, words)
	}
	ids := map[string]string{}
	for _, r := range w.regions {
		for name, n := range r.nodes {
			if id := n.HostID(); id != "" && ids[id] != "" {
				broken = append(broken, fmt.Sprintf("%s and %s have the host id %s", name, ids[id], id))
			} else if id != "" {
				ids[id] = name
			}
			if words := r.blind(); words != "" {
				broken = append(broken, words)
			}
			if r.opensEarly(n) {
				broken = append(broken, "clients are let in at "+name+" before there is a role")
			}
			if n.Login("cassandra", "cassandra") {
				broken = append(broken, "cassandra/cassandra can log in at "+name)
			}
		}
	}
	return strings.Join(broken, "\n")
}

// opensEarly tells whether the port for clients is open on a first boot although
// nobody could log in.
func (r *region) opensEarly(n *fake.Node) bool {
	if r.dc.Spec.SuperuserSecretName == "" || r.dc.Status.IsTrue(api.DatacenterInitialized) {
		return false
	}
	status, err := n.Status(context.Background())
	return err == nil && status.NativeTransport && !n.Login("admin", "secret")
}
