package preview

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/certificates"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/topology"
)

// model is a datacenter's Kubernetes and Cassandra, as far as plans see them: what a pass would observe.
type model struct {
	s      *datacenter.State
	events []Event
	serial int
	held   map[string]bool                // by pod UID: its node keeps clients out when it has started
	remade map[string]*appsv1.StatefulSet // by rack: what was deleted to be made anew
	booted bool                           // it was initialized when the model began
	spread bool                           // the replication of keyspaces was known when it began
	mended bool                           // see mend
	blind  bool                           // see suppose
}

// newModel copies what steps and time change.
func newModel(seen *datacenter.State) *model {
	s := *seen
	s.DC = seen.DC.DeepCopy()
	s.StatefulSets = map[string]*appsv1.StatefulSet{}
	for rack, set := range seen.StatefulSets {
		s.StatefulSets[rack] = set.DeepCopy()
	}
	s.Hashes, s.SeedsGiven, s.Taken = cloned(seen.Hashes), cloned(seen.SeedsGiven), cloned(seen.Taken)
	s.Claims = cloned(seen.Claims)
	s.Budget = nil // nobody evicts here
	delete(s.DC.Annotations, api.DisruptionScopeAnnotation)
	delete(s.DC.Annotations, api.DisruptionAnnotation)
	s.Budget = nil // nobody evicts here
	s.Replication = map[string]map[string]string{}
	for keyspace, options := range seen.Replication {
		s.Replication[keyspace] = maps.Clone(options)
	}
	if seen.Replication == nil {
		s.Replication = nil
	}
	s.Management.Secrets = map[certificates.Kind]*corev1.Secret{}
	maps.Copy(s.Management.Secrets, seen.Management.Secrets)
	s.Pods = slices.Clone(seen.Pods)
	for i := range s.Pods {
		s.Pods[i].Labels = maps.Clone(s.Pods[i].Labels)
		s.Pods[i].ReadySince = time.Time{} // what is waited for with spec.minReadySeconds alone only takes time
		if s.Pods[i].Object != nil {
			s.Pods[i].Object = s.Pods[i].Object.DeepCopy()
		}
	}
	if seen.Keyspaces != nil {
		s.Keyspaces = cloned(seen.Keyspaces)
	}
	s.Ringview, s.Repairs, s.Roles = slices.Clone(seen.Ringview), slices.Clone(seen.Repairs), slices.Clone(seen.Roles)
	m := &model{s: &s, held: map[string]bool{}, remade: map[string]*appsv1.StatefulSet{}, booted: s.DC.Status.IsTrue("Initialized"), spread: seen.Replication != nil}
	if m.blind = m.booted && len(s.Ringview) == 0 && !s.DC.Spec.Stopped; m.blind {
		m.suppose()
	}
	return m
}

// suppose fills in a view of the ring when no node could be asked: members are up whose pods are ready.
func (m *model) suppose() {
	for _, name := range slices.Sorted(maps.Keys(m.s.DC.Status.NodeStatuses)) {
		n := m.s.DC.Status.NodeStatuses[name]
		if n.HostID == "" {
			continue
		}
		pod := m.pod(name)
		m.s.Ringview = append(m.s.Ringview, mgmtapi.Endpoint{Address: n.IP, HostID: n.HostID, Datacenter: m.s.DC.CassandraName(), Rack: n.Rack,
			Alive: pod != nil && pod.Ready, Status: mgmtapi.ModeNormal, Load: 1, Schema: "supposed", Local: len(m.s.Ringview) == 0})
	}
	m.supposeOthers()
	m.s.Schemas = datacenter.GossipedSchemas(m.s.Ringview)
}

// cloned is a map that can be written to.
func cloned[K comparable, V any](m map[K]V) map[K]V {
	out := map[K]V{}
	maps.Copy(out, m)
	return out
}

func (m *model) tell(kind Kind, target, why string, bytes int64) {
	m.events = append(m.events, Event{kind, target, why, bytes, m.mended})
}

func (m *model) unique(prefix string) string {
	m.serial++
	return prefix + "-" + strconv.Itoa(m.serial)
}

// rackOf is the rack that a StatefulSet is of, by its name.
func (m *model) rackOf(set string) string {
	names := datacenter.NamesOf(m.s.DC)
	for _, rack := range m.s.RackNames() {
		if names.StatefulSet(rack) == set {
			return rack
		}
	}
	return ""
}

// tick lets a second pass, and tells whether anything moved that the operator didn't. Nodes take much longer than the
// operator's own steps: they move only when it has nothing to do.
func (m *model) tick(operatorIsBusy bool) (moved bool) {
	m.s.Now = m.s.Now.Add(time.Second)
	for _, rack := range m.s.RackNames() {
		if set := m.s.StatefulSets[rack]; set != nil {
			set.Status.ObservedGeneration = set.Generation
			moved = m.follow(rack, set, operatorIsBusy) || moved
		}
	}
	moved = !operatorIsBusy && m.leave() || moved
	moved = m.askBesidesReplaced() || moved
	moved = m.othersForget() || moved
	m.s.ForgetTaken(m.s.Taken)
	m.s.Repairs = m.s.CurrentRepairs(m.s.Repairs)
	m.s.Schemas = datacenter.GossipedSchemas(m.s.Ringview)
	m.claimsOfLeaver()
	return moved
}

// follow is the controller of StatefulSets.
func (m *model) follow(rack string, set *appsv1.StatefulSet, operatorIsBusy bool) (moved bool) {
	want := int(*set.Spec.Replicas)
	m.s.Pods = slices.DeleteFunc(m.s.Pods, func(p datacenter.Pod) bool {
		tooMany := p.Position.Ordinal >= want
		gone := p.Position.Rack == rack && (tooMany || p.Deleting)
		if gone && p.ClaimDeleting {
			delete(m.s.Claims, datacenter.Claim(p.Name))
		}
		if gone && tooMany && m.s.DC.Spec.Stopped {
			m.tell(Stop, p.Name, "spec.stopped; its volume stays", 0)
			m.setAlive(&p, false)
		}
		moved = moved || gone
		return gone
	})
	for ordinal := range want {
		at := topology.Position{Rack: rack, Ordinal: ordinal}
		if i := m.podAt(at); i >= 0 {
			moved = !operatorIsBusy && m.comeUp(&m.s.Pods[i]) || moved
			if o := m.s.Pods[i].Object; o != nil && !metav1.IsControlledBy(o, set) {
				o.OwnerReferences, moved = controlledBy(set), true
			}
			continue
		}
		m.makePod(at, set)
		moved = true
	}
	return moved
}

// comeUp lets a pod go on that was on its way when the model began. One with anything wrong stays as it is.
func (m *model) comeUp(pod *datacenter.Pod) (moved bool) {
	wrong := pod.Unschedulable != "" || pod.Waiting != "" || pod.Crashed != ""
	switch {
	case wrong && !pod.Agent:
		return false
	case !pod.Agent || pod.IP == "":
		m.place(pod)
		return true
	case pod.Status.State == mgmtapi.Starting:
		host := m.s.DC.Status.NodeStatuses[pod.Name].HostID
		if id := pod.Status.Identity; host == "" || id != nil && id.Found != mgmtapi.FoundMember {
			m.join(pod, host)
		}
		m.run(pod)
		if m.held[pod.UID] {
			pod.Status.NativeTransport, pod.Status.ClientPort, pod.Ready, pod.ReadySince = false, mgmtapi.PortHeld, false, time.Time{}
		}
		return true
	}
	return false
}

// place gives a pod an address and an agent that answers, and lets a node run that is ready.
func (m *model) place(pod *datacenter.Pod) {
	was := m.s.DC.Status.NodeStatuses[pod.Name]
	if pod.IP == "" {
		pod.IP = m.address(was.IP)
	}
	pod.Agent, pod.Scheduled = true, true
	pod.Status = mgmtapi.Status{State: mgmtapi.Stopped, Identity: m.identity(was.HostID, pod.Position.Rack), Volume: &mgmtapi.Volume{Capacity: roomy, Free: roomy}, Hints: []string{}}
	if pod.Ready {
		m.run(pod)
	}
}

// address is the last one of a node, or one that nobody has (RFC 5737).
func (m *model) address(was string) string {
	if was != "" {
		return was
	}
	m.serial++
	return fmt.Sprintf("198.51.100.%d", m.serial)
}

func (m *model) identity(host, rack string) *mgmtapi.Identity {
	if host == "" {
		return &mgmtapi.Identity{Found: mgmtapi.FoundNothing}
	}
	return &mgmtapi.Identity{Found: mgmtapi.FoundMember, HostID: host, Cluster: m.s.DC.Spec.ClusterName, Datacenter: m.s.DC.CassandraName(), Rack: rack}
}

func (m *model) podAt(at topology.Position) int {
	return slices.IndexFunc(m.s.Pods, func(p datacenter.Pod) bool { return p.Position == at })
}

func controlledBy(set *appsv1.StatefulSet) []metav1.OwnerReference {
	return []metav1.OwnerReference{*metav1.NewControllerRef(set, appsv1.SchemeGroupVersion.WithKind("StatefulSet"))}
}

// makePod makes a pod whose agent answers and whose node waits to be started. It has the address that its node had last.
func (m *model) makePod(at topology.Position, set *appsv1.StatefulSet) {
	name := datacenter.NamesOf(m.s.DC).Pod(at)
	was := m.s.DC.Status.NodeStatuses[name]
	address := m.address(was.IP)
	o := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: m.s.DC.Namespace, UID: types.UID(m.unique("pod")), Labels: cloned(set.Spec.Template.Labels), Annotations: cloned(set.Spec.Template.Annotations),
			CreationTimestamp: metav1.NewTime(m.s.Now), OwnerReferences: controlledBy(set)},
		Spec: *set.Spec.Template.Spec.DeepCopy(),
	}
	o.Labels[appsv1.ControllerRevisionHashLabelKey] = set.Status.UpdateRevision
	o.Spec.NodeName, o.Status.PodIP = "machine", address
	pod := datacenter.FromPod(o, at)
	pod.Agent = true
	var lost bool
	pod.Claim, lost = m.claim(set, name)
	if known := m.s.DC.Status.NodeStatuses[name].ClaimUID; known != "" && pod.Claim == "" {
		pod.Claim = known
	}
	if lost {
		was.HostID = ""
	}
	pod.Status = mgmtapi.Status{State: mgmtapi.Stopped, Identity: m.identity(was.HostID, at.Rack), Volume: &mgmtapi.Volume{Capacity: roomy, Free: roomy}, Hints: []string{}}
	m.s.Pods = append(m.s.Pods, pod)
	slices.SortFunc(m.s.Pods, func(a, b datacenter.Pod) int { return datacenter.ComparePods(a.Name, b.Name) })
}

// roomy is the space of a volume of which nothing is known.
const roomy = 1 << 60

// claim makes the claims that a pod lacks, and is the UID of the one of its data, and whether that had to be made.
func (m *model) claim(set *appsv1.StatefulSet, pod string) (uid string, made bool) {
	for _, t := range set.Spec.VolumeClaimTemplates {
		name := t.Name + "-" + pod
		if m.s.Claims[name] != nil {
			continue
		}
		c := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID(m.unique("claim"))}, Spec: *t.Spec.DeepCopy()}
		c.Status.Phase, c.Status.Capacity = corev1.ClaimBound, maps.Clone(c.Spec.Resources.Requests)
		if c.Spec.StorageClassName == nil {
			c.Spec.StorageClassName = new(m.class(t.Name))
		}
		m.s.Claims[name] = c
		made = made || name == datacenter.Claim(pod)
	}
	if c := m.s.Claims[datacenter.Claim(pod)]; c != nil {
		return string(c.UID), made
	}
	return "", false
}

// class is the StorageClass that claims of a template get from the API server: that of the others. Of one whose class isn't known
// is supposed that its volumes can grow.
func (m *model) class(template string) string {
	for _, name := range slices.Sorted(maps.Keys(m.s.Claims)) {
		if c := m.s.Claims[name]; strings.HasPrefix(name, template+"-") && c.Spec.StorageClassName != nil {
			return *c.Spec.StorageClassName
		}
	}
	m.s.Classes = cloned(m.s.Classes)
	m.s.Classes[unknownClass] = datacenter.Class{Expands: true}
	return unknownClass
}

// unknownClass stands for the cluster's default.
const unknownClass = "default"

// setAlive is what gossip says of a pod's node, at whatever address it knew it.
func (m *model) setAlive(pod *datacenter.Pod, alive bool) {
	host := m.s.DC.Status.NodeStatuses[pod.Name].HostID
	if id := pod.Status.Identity; host == "" && id != nil {
		host = id.HostID
	}
	for i := range m.s.Ringview {
		e := &m.s.Ringview[i]
		switch {
		case host != "" && e.HostID == host:
			e.Address, e.Alive = pod.IP, alive
		case pod.IP != "" && e.Address == pod.IP:
			e.Alive = alive
		}
	}
}

// leave lets a node that is leaving be gone, and another one than that be asked about the ring.
func (m *model) leave() (moved bool) {
	leaver := m.s.LeaverPod()
	if leaver == "" {
		return false
	}
	i := slices.IndexFunc(m.s.Pods, func(p datacenter.Pod) bool { return p.Name == leaver })
	if i < 0 {
		return false
	}
	pod := &m.s.Pods[i]
	for j := range m.s.Ringview {
		if e := &m.s.Ringview[j]; e.Local && e.Address == pod.IP {
			e.Local, moved = false, true
			m.askAnother(pod.IP)
		}
	}
	if pod.Status.OperationMode != mgmtapi.ModeLeaving {
		return moved
	}
	host := m.s.DC.Status.NodeStatuses[leaver].HostID
	pod.Status.State, pod.Status.OperationMode, pod.Status.NativeTransport, pod.Ready = mgmtapi.Stopped, mgmtapi.ModeDecommissioned, false, false
	pod.Status.Identity = &mgmtapi.Identity{Found: mgmtapi.FoundLeft, HostID: host}
	m.s.Ringview = slices.DeleteFunc(m.s.Ringview, func(e mgmtapi.Endpoint) bool { return e.HostID == host })
	m.s.Decommission = nil
	return true
}

// askAnother has the ring's view be of another node of the datacenter.
func (m *model) askAnother(than string) {
	for i := range m.s.Ringview {
		if e := &m.s.Ringview[i]; e.Address != than && e.Datacenter == m.s.DC.CassandraName() && e.Alive {
			e.Local = true
			return
		}
	}
}

// claimsOfLeaver are those that there are of the node that leaves.
func (m *model) claimsOfLeaver() {
	m.s.LeaverClaims = nil
	for _, name := range slices.Sorted(maps.Keys(m.s.Claims)) {
		if m.s.IsLeaverClaim(name) {
			m.s.LeaverClaims = append(m.s.LeaverClaims, datacenter.Volume{Name: name, UID: string(m.s.Claims[name].UID)})
		}
	}
}

// mend makes whole what was broken when the model began and that no plan mends, so that what comes after it is known too.
func (m *model) mend() {
	m.mended = true
	m.s.Now = m.s.Now.Add(3 * time.Hour) // longer than any pause
	m.s.Tasks, m.s.RebuildTasks, m.s.DueTasks, m.s.SecretError = nil, nil, nil, ""
	if m.s.Superuser == nil {
		m.s.Superuser = &datacenter.Credentials{Secret: m.s.DC.Spec.SuperuserSecretName, Username: "superuser", Superuser: true}
	}
	for i := range m.s.Pods {
		pod := &m.s.Pods[i]
		if pod.Deleting || pod.Status.Identity != nil && pod.Status.Identity.Found != mgmtapi.FoundMember {
			continue
		}
		m.run(pod)
	}
	for i := range m.s.Ringview {
		m.s.Ringview[i].Alive = true
	}
	if m.s.Keyspaces == nil {
		m.s.Keyspaces = map[string]map[string]string{}
	}
	for name, c := range m.s.Claims {
		grown := c.DeepCopy()
		grown.Status.Phase, grown.Status.Capacity, grown.Status.Conditions = corev1.ClaimBound, maps.Clone(c.Spec.Resources.Requests), nil
		m.s.Claims[name] = grown
	}
}
