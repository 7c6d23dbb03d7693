package controller

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/topology"
)

// nodeTimeout limits one request to a node that reads.
const nodeTimeout = 4 * time.Second

// observe does all of a pass's reading, once.
func (r *Reconciler) observe(ctx context.Context, dc *api.CassandraDatacenter, m *memory) (*datacenter.State, error) {
	s := &datacenter.State{Now: r.Now(), DC: dc, Agent: r.Agent, StatefulSets: map[string]*appsv1.StatefulSet{}, Hashes: map[string]string{}, Foreign: map[string]bool{}, RolesDone: m.rolesDone, RolesAt: m.rolesAt, RolesEverywhere: m.confirmed, SeedsGiven: m.seeds, Taken: m.taken, QueryLogFailures: m.queryLogs}
	if err := r.observeLoss(ctx, s); err != nil {
		return nil, err
	}
	if err := r.observeObjects(ctx, s, m); err != nil {
		return nil, err
	}
	m.noteDeleted(s)
	if err := r.observeNodes(ctx, s); err != nil {
		return nil, err
	}
	s.ForgetTaken(m.taken)
	r.observeClasses(ctx, s)
	m.repairs = datacenter.PollRepairs(m.repairs, s.Pods, s.Now, func(pod *datacenter.Pod, id string) (mgmtapi.Job, error) {
		ask, cancel := context.WithTimeout(ctx, nodeTimeout)
		defer cancel()
		return r.nodeOf(pod).Job(ask, id)
	})
	m.decommission = datacenter.PollDecommission(m.decommission, s.Pods, s.Now, func(pod *datacenter.Pod, id string) (mgmtapi.Job, error) {
		ask, cancel := context.WithTimeout(ctx, nodeTimeout)
		defer cancel()
		return r.nodeOf(pod).Job(ask, id)
	})
	s.Decommission = m.decommission
	r.observeStreams(ctx, s)
	r.observeSecrets(ctx, s)
	if err := r.observeManagement(ctx, s, m); err != nil {
		return nil, err
	}
	if err := r.observeTasks(ctx, s); err != nil {
		return nil, err
	}
	if err := r.observeOthers(ctx, s, m); err != nil {
		return nil, err
	}
	r.observeRing(ctx, s, m)
	r.observeLogin(ctx, s, m)
	m.repairs = s.CurrentRepairs(m.repairs)
	s.Repairs = m.repairs
	s.AddSiblings()
	return s, nil
}

// observeTopology says which ring the datacenter belongs to.
func observeTopology(s *datacenter.State) {
	s.Ring = s.StandAlone()
	text := s.DC.Annotations[topology.Annotation]
	if text == "" {
		return
	}
	ring, err := topology.Decode(text)
	if err != nil {
		s.RingError = err.Error()
		return
	}
	s.Ring = ring
}

func (r *Reconciler) observeObjects(ctx context.Context, s *datacenter.State, m *memory) error {
	own := client.MatchingLabels{api.DatacenterLabel: topology.CleanLabel(s.DC.Name)}
	inNamespace := client.InNamespace(s.DC.Namespace)
	var sets appsv1.StatefulSetList
	if err := r.Client.List(ctx, &sets, inNamespace, own); err != nil {
		return err
	}
	names := datacenter.NamesOf(s.DC)
	for i := range sets.Items {
		known := false
		for _, rack := range s.DC.RackNames() {
			if sets.Items[i].Labels[api.RackLabel] == topology.CleanLabel(rack) && sets.Items[i].Name == names.StatefulSet(rack) {
				s.StatefulSets[rack], known = &sets.Items[i], true
			}
		}
		if !known && metav1.IsControlledBy(&sets.Items[i], s.DC) {
			s.NoteRemovedSet(&sets.Items[i])
		}
	}
	if err := r.observeConfig(ctx, s, m); err != nil {
		return err
	}
	observeTopology(s)
	var services corev1.ServiceList
	if err := r.Client.List(ctx, &services, inNamespace, client.MatchingLabels{api.ClusterLabel: topology.CleanLabel(s.DC.Spec.ClusterName)}); err != nil {
		return err
	}
	for i := range services.Items {
		note(s, "Service", &services.Items[i])
	}
	if err := r.observeNamesakes(ctx, s, services.Items); err != nil {
		return err
	}
	var budgets policyv1.PodDisruptionBudgetList
	if err := r.Client.List(ctx, &budgets, inNamespace, own); err != nil {
		return err
	}
	for i := range budgets.Items {
		note(s, "PodDisruptionBudget", &budgets.Items[i])
		if budgets.Items[i].Name == s.DisruptionBudget().Name {
			s.Budget = datacenter.BudgetOf(&budgets.Items[i])
		}
	}
	return r.observeSeeds(ctx, s)
}

// note remembers what an object was written as, and whether it is another
// datacenter's.
func note(s *datacenter.State, kind string, o client.Object) {
	name := kind + " " + o.GetName()
	s.Hashes[name] = o.GetAnnotations()[api.ResourceHashAnnotation]
	if owner := metav1.GetControllerOf(o); owner != nil && owner.UID != s.DC.UID {
		s.Foreign[name] = true
	}
}

// observeSeeds collects the addresses of seeds elsewhere: every slice of the
// additional seed service, whoever wrote it, and the spec's names resolved.
func (r *Reconciler) observeSeeds(ctx context.Context, s *datacenter.State) error {
	service := datacenter.NamesOf(s.DC).AdditionalSeedService()
	var list discoveryv1.EndpointSliceList
	if err := r.Client.List(ctx, &list, client.InNamespace(s.DC.Namespace), client.MatchingLabels{discoveryv1.LabelServiceName: service}); err != nil {
		return err
	}
	for i := range list.Items {
		slice := &list.Items[i]
		note(s, "EndpointSlice", slice)
		if slice.AddressType == discoveryv1.AddressTypeFQDN || metav1.IsControlledBy(slice, s.DC) { // ours say what the spec says
			continue
		}
		for _, e := range slice.Endpoints {
			s.PeerSeeds = append(s.PeerSeeds, e.Addresses...)
		}
	}
	s.SpecSeeds = map[string][]string{}
	for _, name := range s.DC.Spec.AdditionalSeeds {
		if net.ParseIP(name) != nil {
			s.SpecSeeds[name] = []string{name}
			continue
		}
		lookup, cancel := context.WithTimeout(ctx, time.Second)
		addresses, err := net.DefaultResolver.LookupHost(lookup, name)
		cancel()
		if err == nil {
			s.SpecSeeds[name] = addresses
		}
	}
	slices.Sort(s.PeerSeeds)
	s.PeerSeeds = slices.Compact(s.PeerSeeds)
	return nil
}

// observePods reads the pods, then asks all their agents at once.
func (r *Reconciler) observePods(ctx context.Context, s *datacenter.State) error {
	var pods corev1.PodList
	err := r.Client.List(ctx, &pods, client.InNamespace(s.DC.Namespace), client.MatchingLabels(datacenter.Selector(s.DC)))
	if err != nil {
		return err
	}
	slices.SortFunc(pods.Items, func(a, b corev1.Pod) int { return datacenter.ComparePods(a.Name, b.Name) })
	s.Pods = make([]datacenter.Pod, 0, len(pods.Items))
	var group sync.WaitGroup
	for i := range pods.Items {
		pod := &pods.Items[i]
		position, ok := positionOf(s.DC, s.RackNames(), pod)
		set := s.StatefulSets[position.Rack]
		mine := made(s.DC, set, pod)
		if !ok || set != nil && !mine {
			continue
		}
		s.Pods = append(s.Pods, datacenter.FromPod(pod, position))
		one := &s.Pods[len(s.Pods)-1]
		if !mine || pod.Status.PodIP == "" || pod.DeletionTimestamp != nil || !containerRuns(pod) {
			continue // its StatefulSet is gone, so it will be deleted, and its owner can't be checked
		}
		group.Go(func() {
			ask, cancel := context.WithTimeout(ctx, nodeTimeout)
			defer cancel()
			status, err := r.Node(pod).Status(ask)
			if err != nil {
				one.TrustError = trustError(err)
				return
			}
			one.Agent, one.Status = true, status
		})
	}
	group.Wait()
	return nil
}

// positionOf says which node a pod would be, by its name. Labels don't tell: a copy
// of a pod that somebody made for debugging has them too.
func positionOf(dc *api.CassandraDatacenter, racks []string, pod *corev1.Pod) (topology.Position, bool) {
	i := strings.LastIndexByte(pod.Name, '-')
	var ordinal int
	if _, err := fmt.Sscan(pod.Name[i+1:], &ordinal); err != nil {
		return topology.Position{}, false
	}
	names := datacenter.NamesOf(dc)
	for _, rack := range racks {
		at := topology.Position{Rack: rack, Ordinal: ordinal}
		if pod.Labels[api.RackLabel] == topology.CleanLabel(rack) && pod.Name == names.Pod(at) {
			return at, true
		}
	}
	return topology.Position{}, false
}

// made tells whether a pod is controlled by its rack's StatefulSet, and that by the datacenter, or was until that is made anew.
// No request, and so no password, is sent to any other pod.
func made(dc *api.CassandraDatacenter, set *appsv1.StatefulSet, pod *corev1.Pod) bool {
	var sets []appsv1.StatefulSet
	if set != nil {
		sets = append(sets, *set)
	}
	return len(datacenter.OwnPods(dc, sets, []corev1.Pod{*pod})) == 1
}

func containerRuns(pod *corev1.Pod) bool {
	for _, c := range pod.Status.ContainerStatuses {
		if c.Name == "cassandra" {
			return c.State.Running != nil
		}
	}
	return false
}

// observeSecrets reads the superuser's and the users' Secrets. One that the
// spec names must be there with both keys.
func (r *Reconciler) observeSecrets(ctx context.Context, s *datacenter.State) {
	name := s.DC.Spec.SuperuserSecretName
	given := name != ""
	if !given {
		name = datacenter.NamesOf(s.DC).SuperuserSecret()
	}
	c, err := r.credentials(ctx, s.DC.Namespace, name)
	switch {
	case err == nil:
		c.Superuser = true
		s.Superuser = &c
	case apierrors.IsNotFound(err) && !given:
	case apierrors.IsNotFound(err):
		s.SecretError = fmt.Sprintf("spec.superuserSecretName: Secret %s does not exist in namespace %s", name, s.DC.Namespace)
		if from := elsewhere(s); from != "" {
			s.SecretError = fmt.Sprintf("spec.superuserSecretName: Secret %s is being pulled from %s", name, from)
		}
	default:
		s.SecretError = "spec.superuserSecretName: " + err.Error()
	}
	for i, u := range s.DC.Spec.Users {
		c, err := r.credentials(ctx, s.DC.Namespace, u.SecretName)
		if err != nil {
			s.SecretError = fmt.Sprintf("spec.users[%d].secretName: %v", i, err)
			continue // the others may still be used once all is well
		}
		c.Superuser = u.Superuser
		s.Users = append(s.Users, c)
	}
}

// elsewhere names the other regions of the datacenter's ring, whose operators share its Secret; "" when there are none. That
// none of them has the Secret is in the ring's status.
func elsewhere(s *datacenter.State) string {
	own, _ := s.Ring.Datacenter(s.DC.CassandraName())
	var regions []string
	for _, d := range s.Ring.Datacenters {
		if d.Region != "" && d.Region != own.Region && !slices.Contains(regions, d.Region) {
			regions = append(regions, d.Region)
		}
	}
	return strings.Join(regions, " or ")
}

func (r *Reconciler) credentials(ctx context.Context, namespace, name string) (datacenter.Credentials, error) {
	var secret corev1.Secret
	if err := r.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, &secret); err != nil {
		return datacenter.Credentials{}, err
	}
	c := datacenter.Credentials{Secret: name, Username: string(secret.Data["username"]), Password: string(secret.Data["password"]), Version: secret.ResourceVersion, Origin: datacenter.OriginOf(&secret)}
	for _, key := range []string{"username", "password"} {
		if len(secret.Data[key]) == 0 {
			return c, fmt.Errorf("Secret %s has no key %s; it needs username and password", name, key)
		}
	}
	return c, nil
}

// observeRing asks one running node about the ring.
func (r *Reconciler) observeRing(ctx context.Context, s *datacenter.State, m *memory) {
	pods := s.LeaverLast()
	for i := range pods {
		pod := &pods[i]
		if pod.Deleting || pod.Status.State != mgmtapi.Running || pod.Status.GossipStopped { // without gossip its view is an old one
			continue
		}
		node := r.nodeOf(pod)
		if r.askAboutRing(ctx, s, node) == nil {
			observeKeyspaces(ctx, s, node, m)
			return
		}
	}
}

func (r *Reconciler) askAboutRing(ctx context.Context, s *datacenter.State, node mgmtapi.Node) (err error) {
	ctx, cancel := context.WithTimeout(ctx, 2*nodeTimeout)
	defer cancel()
	if s.Ringview, err = node.Endpoints(ctx); err != nil {
		return err
	}
	if s.Schemas, err = schemas(ctx, s, node); err != nil {
		return err
	}
	s.Replication = map[string]map[string]string{}
	users, _ := s.UserKeyspaces() // the plan names the error
	keyspaces := append(slices.Collect(maps.Keys(users)), topology.SystemKeyspaces...)
	if s.AllKeyspaces() {
		if keyspaces, err = node.Keyspaces(ctx); err != nil {
			return err
		}
		s.AllReplication = true
	}
	for _, keyspace := range keyspaces {
		replication, err := node.Replication(ctx, keyspace)
		if err == nil {
			s.Replication[keyspace] = replication
		}
		s.AllReplication = s.AllReplication && err == nil
	}
	if roles, err := node.Roles(ctx); err == nil { // fails without authentication, and until replicas answer
		s.Roles = []string{}
		for _, role := range roles {
			s.Roles = append(s.Roles, role.Name)
		}
	}
	if s.DC.Status.IsTrue(api.DatacenterInitialized) {
		if o, err := node.Ownership(ctx, ""); err == nil {
			s.Ownership = o.Ownership
		}
	}
	return nil
}

// schemas counts the schema versions of the ring. During the first boot the node
// asks all others. It would wait 10 s for each answer from a region that was just
// cut off, and for as long when it is drained meanwhile; so afterwards gossip is
// used, which has the same about a second later.
func schemas(ctx context.Context, s *datacenter.State, node mgmtapi.Membership) (int, error) {
	if s.DC.Status.IsTrue(api.DatacenterInitialized) {
		return datacenter.GossipedSchemas(s.Ringview), nil
	}
	versions, err := node.SchemaVersions(ctx)
	delete(versions, "UNREACHABLE")
	return len(versions), err
}

// canonical is a value as the API server gives it back.
func canonical(status api.CassandraDatacenterStatus) any {
	data, err := json.Marshal(status)
	if err != nil {
		return err
	}
	var out any
	_ = json.Unmarshal(data, &out) // it was just made
	return out
}
