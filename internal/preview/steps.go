package preview

import (
	"maps"
	"slices"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/topology"
)

// take carries out one step, and tells of it.
func (m *model) take(step datacenter.Step) {
	switch step.Verb {
	case datacenter.Apply:
		m.apply(step)
	case datacenter.CopyConfig, datacenter.LogQueries:
		m.configure(step)
	case datacenter.Delete:
		m.remove(step)
	case datacenter.Stop:
		m.stop(step)
	case datacenter.Restart, datacenter.DeletePod:
		if step.Record == api.ReplaceAnnotation {
			m.endReplaced(step)
			return
		}
		m.tell(Restart, step.Pod.Name, step.Why, 0)
		m.endPod(step)
	case datacenter.Label:
		if pod := m.pod(step.Pod.Name); pod != nil {
			pod.Labels = cloned(pod.Labels)
			maps.Copy(pod.Labels, step.Labels)
		}
	case datacenter.Seeds:
		m.s.SeedsGiven[step.Pod.UID] = joined(step.Seeds)
	case datacenter.Start:
		m.start(step)
	case datacenter.OpenNative:
		if pod := m.pod(step.Pod.Name); pod != nil {
			m.open(pod)
		}
	case datacenter.Record:
		metav1.SetMetaDataAnnotation(&m.s.DC.ObjectMeta, step.Target, step.Stamp)
	case datacenter.Clear:
		m.clear(step)
	case datacenter.MakeSecret:
		m.s.Superuser = &datacenter.Credentials{Secret: step.Target, Username: step.Target, Superuser: true}
	case datacenter.Certify:
		if secret, err := m.s.Certificate(step.Kind); err == nil {
			m.s.Management.Secrets[step.Kind] = secret
		}
	case datacenter.MakeTask:
		m.tell(Task, step.Target, step.Why, 0)
	default:
		m.takeOfData(step)
	}
}

// remove deletes an object.
func (m *model) remove(step datacenter.Step) {
	if secret, is := step.Object.(*corev1.Secret); is {
		m.s.ConfigSecret.Copies = cloned(m.s.ConfigSecret.Copies)
		delete(m.s.ConfigSecret.Copies, secret.Name)
		return
	}
	m.tell(Delete, step.Target, step.Why, 0)
	delete(m.s.Hashes, step.Target)
	if set, is := step.Object.(*appsv1.StatefulSet); is { // of a rack that was taken out, whose nodes have left
		delete(m.s.StatefulSets, m.rackOf(set.Name))
	}
}

// configure carries out what is about configurations, and concerns nobody's clients.
func (m *model) configure(step datacenter.Step) {
	if secret, is := step.Object.(*corev1.Secret); is {
		m.s.ConfigSecret.Copies = cloned(m.s.ConfigSecret.Copies)
		m.s.ConfigSecret.Copies[secret.Name] = datacenter.CopyOf(secret)
		return
	}
	if pod := m.pod(step.Pod.Name); pod != nil {
		pod.Status.FullQueryLog = new(step.On)
	}
}

// takeOfData carries out what is about data, volumes and the ring.
func (m *model) takeOfData(step datacenter.Step) {
	switch step.Verb {
	case datacenter.Replicate:
		m.replicate(step)
	case datacenter.Withdraw:
		m.withdraw(step)
	case datacenter.Repair:
		if m.spread {
			m.tell(Repair, step.Target, "through node "+step.Pod.Name+": "+step.Why, 0)
		}
		m.s.Repairs = datacenter.NoteRepair(m.s.Repairs, step, "foretold")
		m.s.Repairs[len(m.s.Repairs)-1].Job.Status = mgmtapi.JobCompleted
	case datacenter.ConfirmRoles:
		m.s.RolesEverywhere = step.Stamp
	case datacenter.DropRole:
		m.s.DC.Annotations = cloned(m.s.DC.Annotations)
		m.s.DC.Annotations[api.WrittenRolesAnnotation] = step.Owned
	case datacenter.Roles:
		m.s.RolesDone, m.s.RolesEverywhere, m.s.RolesAt = step.Stamp, step.Stamp, m.s.Now
		if !slices.Contains(m.s.Roles, step.Target) {
			m.s.Roles = append(m.s.Roles, step.Target)
		}
	case datacenter.Grow:
		claim, _ := step.Object.(*corev1.PersistentVolumeClaim)
		claim = claim.DeepCopy()
		claim.Status.Capacity = claim.Spec.Resources.Requests.DeepCopy()
		m.s.Claims[step.Target] = claim
		m.tell(Grow, step.Target, step.Why, 0)
	case datacenter.Remake:
		set, _ := step.Object.(*appsv1.StatefulSet)
		rack := m.rackOf(set.Name)
		m.remade[rack] = m.s.StatefulSets[rack]
		delete(m.s.StatefulSets, rack)
		m.tell(Remake, step.Target, step.Why, 0)
	case datacenter.Decommission:
		streamed := m.load(step.HostID)
		if step.Force { // other datacenters have it already
			streamed = 0
		}
		m.tell(Leave, step.Pod.Name, step.Why, streamed)
		if pod := m.pod(step.Pod.Name); pod != nil {
			pod.Status.OperationMode = mgmtapi.ModeLeaving
		}
	case datacenter.DeleteClaims:
		m.deleteClaims(step)
	}
}

func (m *model) pod(name string) *datacenter.Pod {
	i := slices.IndexFunc(m.s.Pods, func(p datacenter.Pod) bool { return p.Name == name })
	if i < 0 {
		return nil
	}
	return &m.s.Pods[i]
}

// endPod takes a pod away; its StatefulSet makes another one.
func (m *model) endPod(step datacenter.Step) {
	if step.Verb == datacenter.Restart {
		m.s.Taken[step.Pod.Name] = step.Pod.UID
	}
	m.setAlive(step.Pod, false)
	m.s.Pods = slices.DeleteFunc(m.s.Pods, func(p datacenter.Pod) bool { return p.Name == step.Pod.Name })
}

func (m *model) clear(step datacenter.Step) {
	switch step.Target {
	case "spec.replaceNodes":
		m.s.DC.Spec.ReplaceNodes = datacenter.ReplaceNodesBut(m.s.DC.Spec.ReplaceNodes, step.OnRecord)
		m.s.DC.Generation++
	case "spec.rollingRestartRequested":
		m.s.DC.Spec.RollingRestartRequested = false
		m.s.DC.Generation++
	case "spec.forceUpgradeRacks":
		m.s.DC.Spec.ForceUpgradeRacks = nil
		m.s.DC.Generation++
	default:
		delete(m.s.DC.Annotations, step.Target)
	}
}

// apply writes an object as the API server would have it.
func (m *model) apply(step datacenter.Step) {
	set, is := step.Object.(*appsv1.StatefulSet)
	if !is {
		m.s.Hashes[step.Target] = hashOf(step.Object)
		return
	}
	set = set.DeepCopy()
	rack := m.rackOf(set.Name)
	old := m.s.StatefulSets[rack]
	switch {
	case old == nil:
		set.UID, set.Generation = types.UID(m.unique("set")), 1
		if len(m.podsOf(rack)) == 0 && !m.booted {
			m.tell(Found, step.Target, step.Why, 0)
		}
	default:
		set.UID, set.Generation, set.Status = old.UID, old.Generation+1, old.Status
	}
	set.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(m.s.DC, api.GroupVersion.WithKind("CassandraDatacenter"))}
	if old == nil {
		old = m.remade[rack]
	}
	set.Status.UpdateRevision = m.revision(rack, set, old)
	m.s.StatefulSets[rack] = set
}

func hashOf(o client.Object) string { return o.GetAnnotations()[api.ResourceHashAnnotation] }

func (m *model) podsOf(rack string) (all []*datacenter.Pod) {
	for i := range m.s.Pods {
		if m.s.Pods[i].Position.Rack == rack {
			all = append(all, &m.s.Pods[i])
		}
	}
	return all
}

// revision of a template: the one that it has, or that pods have which were made from it, or a new one.
func (m *model) revision(rack string, set, old *appsv1.StatefulSet) string {
	if old != nil && sameTemplate(&old.Spec.Template, &set.Spec.Template) && old.Status.UpdateRevision != "" {
		return old.Status.UpdateRevision
	}
	for _, pod := range m.podsOf(rack) {
		other := old == nil || pod.Revision != old.Status.UpdateRevision
		if pod.Object != nil && pod.Revision != "" && other && madeFrom(pod.Object, &set.Spec.Template) {
			return pod.Revision
		}
	}
	return m.unique("revision")
}

// start has a node begin to come up: as what it was, in its own place, or as a new member.
func (m *model) start(step datacenter.Step) {
	pod := m.pod(step.Pod.Name)
	if pod == nil {
		return
	}
	m.s.SeedsGiven[pod.UID] = joined(step.Start.Seeds)
	was := m.s.DC.Status.NodeStatuses[pod.Name].HostID
	lost := pod.Status.Identity != nil && pod.Status.Identity.Found != mgmtapi.FoundMember
	switch {
	case was == "" && m.booted:
		m.tell(Join, pod.Name, step.Why, m.share())
	case was != "" && lost:
		m.tell(Replace, pod.Name, step.Why, m.load(was))
	case was != "" && m.s.Taken[pod.Name] == "" && m.resumes():
		m.tell(StartNode, pod.Name, step.Why, 0)
	}
	pod.Status.State, pod.Status.OperationMode, pod.Status.NodeYAML = mgmtapi.Starting, "STARTING", new(mgmtapi.NodeYAMLHash(step.Start.NodeYAML))
	m.held[pod.UID] = step.Start.NativeTransport != nil && !*step.Start.NativeTransport
}

// resumes tells whether the datacenter comes back from having been stopped.
func (m *model) resumes() bool {
	return m.s.DC.Status.IsTrue(api.DatacenterStopped) || m.s.DC.Status.IsTrue(api.DatacenterResuming)
}

// run has a pod's node be a member that serves.
func (m *model) run(pod *datacenter.Pod) {
	was := pod.Status
	pod.Agent, pod.Scheduled, pod.Unschedulable, pod.Waiting, pod.Crashed = true, true, "", "", ""
	pod.Status = mgmtapi.Status{State: mgmtapi.Running, OperationMode: mgmtapi.ModeNormal, Identity: was.Identity, Volume: was.Volume, Hints: []string{}, NodeYAML: was.NodeYAML, FirstBoot: was.FirstBoot && was.State == mgmtapi.Running}
	if pod.Status.Volume == nil {
		pod.Status.Volume = &mgmtapi.Volume{Capacity: roomy, Free: roomy}
	}
	if host := m.s.DC.Status.NodeStatuses[pod.Name].HostID; pod.Status.Identity == nil && host != "" {
		pod.Status.Identity = &mgmtapi.Identity{Found: mgmtapi.FoundMember, HostID: host}
	}
	m.open(pod)
	m.setAlive(pod, true)
}

func (m *model) open(pod *datacenter.Pod) {
	pod.Status.NativeTransport, pod.Status.ClientPort = true, mgmtapi.PortOpen
	if !pod.Ready || pod.ReadySince.IsZero() {
		pod.Ready, pod.ReadySince = true, m.s.Now
	}
}

// join makes a node a member, in the place of a former self or as a new one.
func (m *model) join(pod *datacenter.Pod, former string) {
	host := former
	if host == "" || pod.Name == m.s.ReplacedPod() {
		host = m.unique("host")
	}
	load, schema := float64(m.share()), ""
	for _, e := range m.s.Ringview {
		if e.Alive && e.Schema != "" {
			schema = e.Schema
		}
	}
	if schema == "" {
		schema = "foretold"
	}
	pod.Status.Identity = &mgmtapi.Identity{Found: mgmtapi.FoundMember, HostID: host, Cluster: m.s.DC.Spec.ClusterName, Datacenter: m.s.DC.CassandraName(), Rack: pod.Position.Rack}
	m.s.Ringview = slices.DeleteFunc(m.s.Ringview, func(e mgmtapi.Endpoint) bool { return e.HostID == host || e.HostID == former && former != "" })
	m.s.Ringview = append(m.s.Ringview, mgmtapi.Endpoint{Address: pod.IP, HostID: host, Datacenter: m.s.DC.CassandraName(), Rack: pod.Position.Rack, Alive: true,
		Status: mgmtapi.ModeNormal, Load: max(load, 1), Schema: schema, Local: len(m.s.Ringview) == 0})
}

// load is how many bytes a member has.
func (m *model) load(host string) int64 {
	for _, e := range m.s.Ringview {
		if e.HostID == host && host != "" {
			return int64(e.Load)
		}
	}
	return 0
}

// share is how many bytes a new node gets of what the datacenter has.
func (m *model) share() int64 {
	all, nodes := 0.0, 0
	for _, e := range m.s.Ringview {
		if e.Datacenter == m.s.DC.CassandraName() {
			all, nodes = all+e.Load, nodes+1
		}
	}
	return int64(all / float64(nodes+1))
}

func (m *model) replicate(step datacenter.Step) {
	if m.spread {
		m.tell(Replicate, step.Target, step.Why, 0)
	}
	merged, _ := topology.MergeReplication(m.s.Replication[step.Target], step.Factors)
	options := map[string]string{"class": "org.apache.cassandra.locator.NetworkTopologyStrategy"}
	for dc, factor := range merged {
		options[dc] = strconv.Itoa(factor)
	}
	if m.s.Replication == nil {
		m.s.Replication = map[string]map[string]string{}
	}
	m.s.Replication[step.Target] = options
}
