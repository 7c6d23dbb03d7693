package ring

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	control "github.com/ringspan/ringspan/api/control/v1alpha1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	renderer "github.com/ringspan/ringspan/internal/cassandra"
	"github.com/ringspan/ringspan/internal/deletion"
	"github.com/ringspan/ringspan/internal/federation"
	"github.com/ringspan/ringspan/internal/grant"
	"github.com/ringspan/ringspan/internal/hash"
)

// world is a ring over some regions: people and networks by the test, operators by federation.Decide, Make and Summarize.
// What Kubernetes and the loops of package controller and federation/controller do in between is played here.
type world struct {
	sites  []*site
	cut    map[[2]string]bool
	older  map[string]bool // regions whose operator is of a former version
	clock  time.Time
	serial int

	writes  int // of all operators
	crashAt int // the operator that is about to make this write ends instead, and another one begins
	out     strings.Builder
	broken  func(format string, args ...any) // an invariant is
	asked   bool                             // somebody has deleted the ring
}

// site is a region: what its API server holds, and what its operator remembers. A map that is added here is one that copied
// has to copy.
type site struct {
	written    int // Secrets, so far
	name       string
	ring       *api.K8ssandraCluster
	dcs        map[string]*cassandra.CassandraDatacenter // by namespace/name, as all that follows
	applied    map[string]map[string]string              // annotations that were applied
	tasks      map[string]*control.CassandraTask
	secrets    map[string]*corev1.Secret
	slices     map[string]*discoveryv1.EndpointSlice
	grants     map[string]string // by namespace that isn't the ring's, whom it accepts
	shared     bool
	idle       map[string]bool   // datacenters whose own loop doesn't act, by name
	unreadable map[string]bool   // datacenters that can't be read, by name
	swapped    string            // a datacenter in whose place a person makes another one as soon as the operator has looked
	unknown    map[string]bool   // regions that it has no ClientConfig of
	failing    map[string]string // why, by verb and target of a step
	held       bool              // its datacenters don't go, although they may
	goes       string            // why its namespace goes
	letGo      bool              // a person said on it that all may go
	seen       map[string]*sighting
}

// sighting is what was last seen of a region.
type sighting struct {
	reachable bool
	since     time.Time
	ring      *api.K8ssandraCluster
	dcs       map[string]*cassandra.CassandraDatacenter
}

const ringNamespace, ringName = "ns", "ring"

func newWorld(names ...string) *world {
	w := &world{cut: map[[2]string]bool{}, older: map[string]bool{}, clock: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)}
	for _, name := range names {
		w.sites = append(w.sites, &site{name: name, dcs: map[string]*cassandra.CassandraDatacenter{}, applied: map[string]map[string]string{}, tasks: map[string]*control.CassandraTask{},
			secrets: map[string]*corev1.Secret{}, slices: map[string]*discoveryv1.EndpointSlice{}, grants: map[string]string{}, idle: map[string]bool{}, unreadable: map[string]bool{}, failing: map[string]string{}, unknown: map[string]bool{}, seen: map[string]*sighting{}})
	}
	return w
}

// copied is a world in the same state, which goes on by itself.
func (w *world) copied() *world {
	next := &world{cut: maps.Clone(w.cut), older: maps.Clone(w.older), clock: w.clock, serial: w.serial, writes: w.writes, crashAt: w.crashAt, broken: w.broken, asked: w.asked}
	for _, s := range w.sites {
		o := *s
		o.ring, o.dcs, o.tasks, o.secrets, o.slices = s.ring.DeepCopy(), copies(s.dcs), copies(s.tasks), copies(s.secrets), copies(s.slices)
		o.idle, o.applied, o.grants, o.unreadable, o.failing, o.unknown, o.seen = maps.Clone(s.idle), maps.Clone(s.applied), maps.Clone(s.grants), maps.Clone(s.unreadable), maps.Clone(s.failing), maps.Clone(s.unknown), map[string]*sighting{}
		for name, seen := range s.seen {
			o.seen[name] = &sighting{seen.reachable, seen.since, seen.ring.DeepCopy(), copies(seen.dcs)}
		}
		next.sites = append(next.sites, &o)
	}
	return next
}

func copies[T interface{ DeepCopy() T }](all map[string]T) map[string]T {
	out := map[string]T{}
	for name, o := range all {
		out[name] = o.DeepCopy()
	}
	return out
}

func (w *world) site(name string) *site {
	return w.sites[slices.IndexFunc(w.sites, func(s *site) bool { return s.name == name })]
}

func (w *world) uid(of string) types.UID {
	w.serial++
	return types.UID(fmt.Sprint(of, w.serial))
}

func (w *world) say(s *site, format string, args ...any) {
	fmt.Fprintf(&w.out, "%s: %s\n", s.name, brief(fmt.Sprintf(format, args...)))
}

// crash is an operator that ends.
type crash struct{}

// write is one that an operator is about to make.
func (w *world) write() {
	w.writes++
	if w.writes == w.crashAt {
		panic(crash{})
	}
}

// look is what a region sees of the others. A new operator that can't see one knows nothing of it.
func (w *world) look(s *site) {
	for _, o := range w.sites {
		was := s.seen[o.name]
		switch {
		case o == s:
		case s.unknown[o.name]:
			delete(s.seen, o.name)
		case !w.cut[[2]string{s.name, o.name}]:
			since := w.clock
			if was != nil && was.reachable {
				since = was.since
			}
			s.seen[o.name] = &sighting{true, since, w.seenAs(o, o.ring), map[string]*cassandra.CassandraDatacenter{}}
			for key, dc := range o.dcs {
				s.seen[o.name].dcs[key] = w.dcSeenAs(o, dc)
			}
		case was == nil:
			s.seen[o.name] = &sighting{since: w.clock}
		case was.reachable:
			was.reachable, was.since = false, w.clock
		}
	}
}

// seenAs is a copy without what a former version doesn't write.
func (w *world) seenAs(o *site, k *api.K8ssandraCluster) *api.K8ssandraCluster {
	k = k.DeepCopy()
	if k != nil && w.older[o.name] {
		delete(k.Annotations, federation.RegionsAnnotation)
		delete(k.Annotations, deletion.Annotation)
		k.Status.ObservedGeneration, k.Status.SeenGeneration = k.Status.Seen(), 0
		for name, one := range k.Status.Datacenters {
			one.DoneRevision = ""
			k.Status.Datacenters[name] = one
		}
	}
	return k
}

func (w *world) dcSeenAs(o *site, dc *cassandra.CassandraDatacenter) *cassandra.CassandraDatacenter {
	dc = dc.DeepCopy()
	if w.older[o.name] {
		delete(dc.Annotations, cassandra.FoundingAnnotation)
		dc.Status.ObservedGeneration, dc.Status.SeenGeneration = dc.Generation, 0
		dc.Status.KeyspacesSeen, dc.Status.Keyspaces, dc.Status.OnlyAt, dc.Status.Together = false, nil, nil, nil
	}
	return dc
}

// pass is one of a region's operator, which may end at any of its writes.
func (w *world) pass(s *site) {
	defer func() {
		switch what := recover().(type) {
		case nil:
		case crash:
			s.seen = map[string]*sighting{}
			w.say(s, "the operator ends, and another one begins")
		default:
			panic(what)
		}
	}()
	w.look(s)
	view, agreed, on := w.agree(s)
	if !on {
		w.holdLeaderless(s)
		return
	}
	seen := w.observe(s, view, agreed)
	plan := Make(seen)
	w.swap(s)
	var done Progress
	for _, step := range plan.Steps {
		why := s.failing[strings.ReplaceAll(string(step.Verb), " ", "-")+" "+step.Target]
		switch {
		case done.Skips(step):
		case why != "":
			done.Fail(step, errors.New(why))
		case w.isRefused(s, step):
			done.Fail(step, errors.New(s.failing["refused "+step.Target]))
			w.applyMetadata(s, step)
		default:
			w.take(s, step)
		}
	}
	if status := stored(Summarize(seen, plan, done.Failed)); !reflect.DeepEqual(status, s.ring.Status) {
		w.write()
		s.ring.Status = status
	}
}

// isRefused tells whether the API server refuses what a datacenter's spec would become. One that stays as it is passes.
func (w *world) isRefused(s *site, step Step) bool {
	dc, is := step.Object.(*cassandra.CassandraDatacenter)
	return is && step.Exists && s.failing["refused "+step.Target] != "" && !reflect.DeepEqual(dc.Spec, s.dcs[step.Target].Spec)
}

// applyMetadata is what the controller does with a datacenter whose spec was refused. Former versions do nothing.
func (w *world) applyMetadata(s *site, step Step) {
	there, dc := s.dcs[step.Target], step.Object.DeepCopyObject().(*cassandra.CassandraDatacenter)
	written := WithoutSpec(dc.Annotations[api.ResourceHashAnnotation])
	if w.older[s.name] || there.UID != dc.UID || there.Annotations[api.ResourceHashAnnotation] == written {
		return
	}
	w.write()
	w.say(s, "apply %s: its metadata alone", step.Target)
	dc.Spec, dc.Annotations[api.ResourceHashAnnotation] = there.Spec, written
	w.checkDatacenter(s, dc)
	w.apply(s, step.Target, dc)
}

// stored is a status as an API server gives it back.
func stored(status api.K8ssandraClusterStatus) api.K8ssandraClusterStatus {
	data, err := json.Marshal(status)
	var out api.K8ssandraClusterStatus
	if err = errors.Join(err, json.Unmarshal(data, &out)); err != nil {
		panic(err)
	}
	return out
}

// observe is what a pass sees.
func (w *world) observe(s *site, view federation.View, agreed federation.Plan) *State {
	k := s.ring.DeepCopy()
	all := &State{Now: w.clock, Region: s.name, Ring: k, View: view, Agreed: agreed, Shared: s.shared, Leaving: map[types.NamespacedName]Here{}, Namespaces: map[string]Read[corev1.Namespace]{}}
	name := ringNamespace + "/" + SuperuserSecret(k)
	all.Secret.Found = s.secrets[name].DeepCopy()
	if s.unreadable["Secret"] {
		all.Secret = Read[corev1.Secret]{Err: errors.New("no answer")}
	}
	for _, region := range slices.Sorted(maps.Keys(s.seen)) {
		sight := s.seen[region]
		p := Peer{Region: region, Reachable: sight.reachable, Since: sight.since, Copy: sight.ring.DeepCopy(), Datacenters: map[types.NamespacedName]*cassandra.CassandraDatacenter{}}
		for key, dc := range sight.dcs {
			namespace, dcName, _ := strings.Cut(key, "/")
			p.Datacenters[types.NamespacedName{Namespace: namespace, Name: dcName}] = dc.DeepCopy()
		}
		if o := w.site(region); sight.reachable {
			p.Secret.Found = o.secrets[name].DeepCopy()
			if !o.shared {
				p.Secret = Read[corev1.Secret]{Err: errors.New("forbidden")}
			}
		}
		all.Peers = append(all.Peers, p)
	}
	for _, t := range k.Spec.Cassandra.Datacenters {
		here, namespace := Here{}, Namespace(k, t)
		if RegionOf(k, t) == s.name {
			key := namespace + "/" + t.Metadata.Name
			here.Datacenter.Found, here.Rebuild.Found = s.dcs[key].DeepCopy(), s.tasks[namespace+"/"+RebuildTask(t.Metadata.Name)].DeepCopy()
			here.Seeds.Found, here.Secret.Found = s.slices[namespace+"/"+SeedSlice(k, t, discoveryv1.AddressTypeIPv4)].DeepCopy(), s.secrets[namespace+"/"+SuperuserSecret(k)].DeepCopy()
			here.Seeds6.Found = s.slices[namespace+"/"+SeedSlice(k, t, discoveryv1.AddressTypeIPv6)].DeepCopy()
			if s.unreadable[t.Metadata.Name] {
				here.Datacenter = Read[cassandra.CassandraDatacenter]{Err: errors.New("no answer")}
			}
			if from, is := s.grants[namespace]; is {
				all.Namespaces[namespace] = Read[corev1.Namespace]{Found: &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace, Annotations: map[string]string{grant.Annotation: from}}}}
			}
		}
		all.Here = append(all.Here, here)
	}
	all.Labelled.Found = &cassandra.CassandraDatacenterList{}
	for _, dc := range s.parts() {
		all.Labelled.Found.Items = append(all.Labelled.Found.Items, *dc.DeepCopy())
		if !all.IsInSpec(s.name, dc) {
			all.Leaving[keyOf(dc)] = s.leaving(k, dc)
			if from, is := s.grants[dc.Namespace]; is {
				all.Namespaces[dc.Namespace] = Read[corev1.Namespace]{Found: &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: dc.Namespace, Annotations: map[string]string{grant.Annotation: from}}}}
			}
		}
	}
	return all
}

// leaving is what a region has of a datacenter that isn't in the spec.
func (s *site) leaving(k *api.K8ssandraCluster, dc *cassandra.CassandraDatacenter) (here Here) {
	if s.unreadable[dc.Name] {
		none := errors.New("no answer")
		return Here{Seeds: Read[discoveryv1.EndpointSlice]{Err: none}, Seeds6: Read[discoveryv1.EndpointSlice]{Err: none}, Secret: Read[corev1.Secret]{Err: none}}
	}
	in, t := dc.Namespace+"/", Template(dc)
	here.Seeds.Found = s.slices[in+SeedSlice(k, t, discoveryv1.AddressTypeIPv4)].DeepCopy()
	here.Seeds6.Found = s.slices[in+SeedSlice(k, t, discoveryv1.AddressTypeIPv6)].DeepCopy()
	here.Secret.Found = s.secrets[in+SuperuserSecret(k)].DeepCopy()
	return here
}

// swap is a person who deletes a datacenter and makes another one of its name, after the operator has looked.
func (w *world) swap(s *site) {
	key := ringNamespace + "/" + s.swapped
	if s.swapped = ""; s.dcs[key] != nil {
		delete(s.applied, key)
		s.dcs[key] = w.foreign(key)
	}
}

// foreign is another ring's datacenter.
func (w *world) foreign(key string) *cassandra.CassandraDatacenter {
	namespace, name, _ := strings.Cut(key, "/")
	return &cassandra.CassandraDatacenter{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, UID: w.uid("dc"), Annotations: map[string]string{},
		Labels: map[string]string{api.ClusterNameLabel: "theirs", api.ClusterNamespaceLabel: "elsewhere"}}}
}

// take takes a step, as apply does.
func (w *world) take(s *site, step Step) {
	w.write()
	w.say(s, "%s", step)
	key := targetOf(step.Object)
	w.check(s, step)
	switch step.Verb {
	case Share:
		s.shared = true
	case MakeSecret, CopySecret:
		if s.secrets[key] == nil {
			secret := step.Object.(*corev1.Secret).DeepCopy()
			if step.Verb == MakeSecret {
				w.serial++
				secret.Data = map[string][]byte{"username": []byte("admin"), "password": fmt.Appendf(nil, "made in %s", s.name)}
			}
			s.secrets[key] = secret
			s.stamp(secret)
		}
	case UpdateSecret:
		s.secrets[key] = step.Object.(*corev1.Secret).DeepCopy()
		s.stamp(s.secrets[key])
	case DeleteTask:
		if task := s.tasks[key]; task != nil && task.UID == step.Object.GetUID() {
			delete(s.tasks, key)
		}
	case MakeTask:
		if s.tasks[key] == nil {
			s.tasks[key] = step.Object.(*control.CassandraTask).DeepCopy()
			s.tasks[key].UID = w.uid("task")
		}
	case Publish:
		s.slices[key] = step.Object.(*discoveryv1.EndpointSlice).DeepCopy()
	case Apply:
		dc := step.Object.(*cassandra.CassandraDatacenter)
		if there := s.dcs[key]; dc.UID != "" && (there == nil || there.UID != dc.UID) {
			w.say(s, "conflict: %s is another one", key)
			return
		}
		w.checkDatacenter(s, dc)
		if w.older[s.name] {
			dc = withoutBase(dc)
		}
		w.apply(s, key, dc)
	case Tell:
		w.tellLeaver(s, step)
	case Remove:
		dc := s.dcs[key]
		if dc == nil || dc.UID != step.Object.GetUID() {
			return
		}
		if !dc.HasLeft() || len(dc.Status.NodeStatuses) > 0 {
			w.fail("%s deletes %s, whose nodes have not left", s.name, key)
		}
		w.write()
		now := metav1.NewTime(w.clock)
		dc.Annotations[deletion.Annotation], dc.DeletionTimestamp = deletion.Asked, &now
	case Clear:
		s.ring.Annotations = maps.Clone(step.Object.GetAnnotations())
	default:
		panic("no such verb: " + step.Verb)
	}
}

// withoutBase is a datacenter as a former version makes it.
func withoutBase(dc *cassandra.CassandraDatacenter) *cassandra.CassandraDatacenter {
	if BaseOf(dc) == renderer.BaseNone {
		return dc
	}
	dc = dc.DeepCopy()
	var doc map[string]json.RawMessage
	if err := json.Unmarshal(dc.Spec.Config, &doc); err != nil {
		panic(err)
	}
	delete(doc, renderer.BaseSection)
	dc.Spec.Config, _ = json.Marshal(doc) // of what was read
	delete(dc.Annotations, api.ResourceHashAnnotation)
	id := dc.UID // which is not part of what is hashed
	dc.UID = ""
	dc.Annotations[api.ResourceHashAnnotation], dc.UID = hash.Object(dc), id
	return dc
}

// apply is server-side apply: what was applied before and isn't now goes, what others wrote stays.
func (w *world) apply(s *site, key string, want *cassandra.CassandraDatacenter) {
	have := s.dcs[key]
	if have == nil {
		have = &cassandra.CassandraDatacenter{ObjectMeta: metav1.ObjectMeta{Namespace: want.Namespace, Name: want.Name, UID: w.uid("dc"), Annotations: map[string]string{}, Finalizers: []string{cassandra.Finalizer}}}
		s.dcs[key] = have
	}
	for name := range s.applied[key] {
		delete(have.Annotations, name)
	}
	maps.Copy(have.Annotations, want.Annotations)
	if !reflect.DeepEqual(have.Spec, want.Spec) {
		have.Generation++
	}
	have.Labels, have.Spec, s.applied[key] = maps.Clone(want.Labels), *want.Spec.DeepCopy(), maps.Clone(want.Annotations)
}

// agree is the part of a pass that federation/controller has: it tells whether the ring's own loop goes on.
func (w *world) agree(s *site) (federation.View, federation.Plan, bool) {
	if s.ring != nil {
		Kind.GiveBack(s.ring)
	}
	view := w.view(s)
	plan := federation.Decide(view)
	switch {
	case s.ring == nil:
		w.without(s, plan)
		return view, plan, false
	case view.Own.Deleting:
		w.leave(s, plan)
		return view, plan, false
	}
	return view, plan, w.stay(s, view, &plan)
}

// parts are the region's datacenters of the ring.
func (s *site) parts() (all []*cassandra.CassandraDatacenter) {
	for _, key := range slices.Sorted(maps.Keys(s.dcs)) {
		if l := s.dcs[key].Labels; l[api.ClusterNameLabel] == ringName && l[api.ClusterNamespaceLabel] == ringNamespace {
			all = append(all, s.dcs[key])
		}
	}
	return all
}

func (w *world) view(s *site) federation.View {
	v := federation.View{Region: s.name, Name: ringNamespace + "/" + ringName, Noun: Kind.Noun, PartsNoun: Kind.Parts, Deletion: Kind.Deletion, Now: w.clock, Lag: 18 * time.Second, Configs: "ringspan"}
	for _, region := range slices.Sorted(maps.Keys(s.seen)) {
		sight := s.seen[region]
		one := federation.Peer{Copy: federation.Copy{Region: region}, Reachable: sight.reachable, Absent: sight.ring == nil, Parts: slices.ContainsFunc(slices.Collect(maps.Values(sight.dcs)), func(dc *cassandra.CassandraDatacenter) bool { return dc.Labels[api.ClusterNameLabel] == ringName })}
		if k := sight.ring; k != nil {
			one.Copy = Kind.Copy(region, k)
			one.Stale = !sight.reachable
			one.Seen, one.BringBack = federation.ParseRegions(k.Annotations[federation.RegionsAnnotation]), k.Annotations[federation.BringBackAnnotation]
		}
		v.Peers = append(v.Peers, one)
	}
	for _, dc := range s.parts() {
		v.Parts.Names, v.Parts.ID = append(v.Parts.Names, dc.Name), dc.Annotations[cassandra.RingIDAnnotation]
		v.Parts.Living = v.Parts.Living || dc.DeletionTimestamp == nil
	}
	if k := s.ring; k != nil {
		v.Own = &federation.Own{Copy: Kind.Copy(s.name, k), Origin: k.Annotations[federation.OriginAnnotation], Unguarded: len(k.Finalizers) == 0, Choose: k.Annotations[federation.ChooseAnnotation],
			Elsewhere: Kind.Elsewhere(k, s.name), Seen: federation.ParseRegions(k.Annotations[federation.RegionsAnnotation]), BringBack: k.Annotations[federation.BringBackAnnotation],
			Doomed: s.goes, Cause: s.goes, MayGo: s.letGo, Told: map[string]federation.Revision{}}
		if k.Status.IsTrue(api.ClusterDiverged) {
			for _, p := range k.Status.Peers {
				if r, err := federation.ParseRevision(p.Revision); err == nil && !r.IsZero() {
					v.Own.Told[p.Region] = r
				}
			}
		}
	}
	return v
}

func (w *world) without(s *site, plan federation.Plan) {
	if plan.Verb != federation.TakeOver || s.goes != "" {
		return
	}
	w.write()
	w.say(s, "take over (%s) %s", plan.From, plan.Head.Revision)
	s.ring = &api.K8ssandraCluster{ObjectMeta: metav1.ObjectMeta{Namespace: ringNamespace, Name: ringName, UID: w.uid(s.name), Finalizers: []string{Kind.Finalizer}, Generation: 1}}
	w.note(s, plan)
}

// note writes on a copy what was decided.
func (w *world) note(s *site, plan federation.Plan) {
	var notes map[string]string
	if from := s.seen[plan.From]; plan.From != "" && from != nil {
		before := Kind.Hash(s.ring)
		Kind.TakeSpec(s.ring, from.ring)
		if Kind.Hash(s.ring) != before {
			s.ring.Generation++
		}
		if plan.Verb != federation.Chosen {
			notes = from.ring.Annotations
		}
	}
	for name, value := range plan.Notes {
		if value == "" {
			federation.Drop(s.ring, name)
			continue
		}
		federation.Note(s.ring, name, value)
	}
	if plan.ID != "" {
		federation.Note(s.ring, Kind.ID, plan.ID)
	}
	if !plan.Head.IsZero() {
		id := ""
		if s.ring.Annotations[Kind.ID] == "" && notes == nil {
			id = string(w.uid("id"))
		}
		Kind.Stamp(s.ring, s.name, plan.Head, notes, id)
		if w.older[s.name] && notes == nil && id != "" { // it begins the ring, and knows of no base configurations
			federation.Drop(s.ring, api.BaseConfigurationAnnotation)
		}
	}
}

func (w *world) stay(s *site, view federation.View, plan *federation.Plan) bool {
	switch plan.Verb {
	case federation.Delete:
		w.write()
		w.say(s, "delete, as region %s does", plan.Other.Region)
		federation.Note(s.ring, federation.DeletionAnnotation, federation.DeletionAsked)
		w.write()
		w.end(s)
		return false
	case federation.Unlock:
		return true
	}
	guarded := controllerutil.ContainsFinalizer(s.ring, Kind.Finalizer)
	if guarded && !plan.Writes() {
		if plan.TwoObjects {
			plan.Choice = view.TwoObjects(plan.Other, Kind.ID)
		}
		return true
	}
	w.write()
	controllerutil.AddFinalizer(s.ring, Kind.Finalizer)
	if !plan.Head.IsZero() && plan.Head.String() != s.ring.Annotations[federation.RevisionAnnotation] {
		w.say(s, "%s %s", plan.Verb, plan.Head.Revision)
	}
	w.note(s, *plan)
	return false
}

// end marks a copy as being deleted.
func (w *world) end(s *site) {
	now := metav1.NewTime(w.clock)
	s.ring.DeletionTimestamp = &now
}

func (w *world) leave(s *site, plan federation.Plan) {
	if plan.ID != "" || len(plan.Notes) > 0 {
		w.write()
		w.note(s, federation.Plan{ID: plan.ID, Notes: plan.Notes})
	}
	switch plan.Verb {
	case federation.Mark:
		return
	case federation.TakeDown, federation.LetGo:
		parts := s.parts()
		for _, dc := range parts {
			w.takeDown(s, dc)
		}
		if plan.Verb == federation.TakeDown || len(parts) > 0 {
			w.tell(s, plan)
			return
		}
	case federation.Release:
	case federation.Yield:
		w.write()
		w.say(s, "yield: %s", plan.Words)
		s.ring = nil
		w.agree(s)
		if s.ring != nil {
			status, _ := Leaving(s.ring, w.clock, Deletion{Reason: plan.Reason, Message: plan.Words})
			s.ring.Status = stored(status)
		}
		return
	default:
		w.tell(s, plan)
		return
	}
	w.write()
	w.say(s, "the copy goes")
	s.ring = nil
}

func (w *world) takeDown(s *site, dc *cassandra.CassandraDatacenter) {
	if dc.Annotations[deletion.Annotation] != deletion.Asked {
		w.write()
		federation.Note(dc, deletion.Annotation, deletion.Asked)
	}
	if dc.DeletionTimestamp == nil {
		w.write()
		w.say(s, "take %s down", dc.Name)
		if !w.asked && !s.letGo {
			w.fail("%s takes %s down, and nobody deleted the ring", s.name, dc.Name)
		}
		now := metav1.NewTime(w.clock)
		dc.DeletionTimestamp = &now
	}
}

func (w *world) tell(s *site, plan federation.Plan) {
	if status, news := Leaving(s.ring, w.clock, Deletion{Is: true, Reason: plan.Reason, Message: plan.Words, Waiting: plan.Waiting}); news {
		w.write()
		s.ring.Status = stored(status)
	}
}

// play is what Kubernetes and the datacenters' own loops do: what may go goes. It tells whether there is news for the ring's.
func (w *world) play(s *site) (news bool) {
	for key, dc := range s.dcs {
		if dc.DeletionTimestamp != nil && deletion.IsAsked(dc) && !s.held {
			delete(s.dcs, key)
			delete(s.applied, key)
			delete(s.tasks, dc.Namespace+"/"+RebuildTask(dc.Name))
			s.collect(dc.UID)
			continue
		}
		if !s.idle[dc.Name] {
			news = s.withdraw(dc) || news
		}
	}
	return news
}

// round lets every operator act in turn, and tells whether one did. A second passes.
func (w *world) round() bool {
	before, news := w.writes, false
	for _, s := range w.sites {
		w.pass(s)
		news = w.play(s) || news
	}
	w.clock = w.clock.Add(time.Second)
	return w.writes != before || news
}

// run goes on until nobody writes any more.
func (w *world) run() {
	for range 60 {
		if !w.round() {
			return
		}
	}
	w.fail("it never settles")
}

func (w *world) fail(format string, args ...any) {
	if w.broken != nil {
		w.broken(format, args...)
	}
	fmt.Fprintf(&w.out, "BROKEN: "+format+"\n", args...)
}

// check is what holds of every step, in whatever state the world is.
func (w *world) check(s *site, step Step) {
	switch o := step.Object.(type) {
	case *corev1.Secret:
		w.checkSecret(s, step, o)
	case *discoveryv1.EndpointSlice:
		if there := s.slices[targetOf(o)]; there != nil && len(there.Endpoints) > 0 && len(o.Endpoints) == 0 && w.othersHaveSeeds(s, o) {
			w.fail("%s publishes no seeds any more", s.name)
		}
	}
}

// checkSecret: no password is made while another region has one of this ring's, and nobody else's Secret is written.
func (w *world) checkSecret(s *site, step Step, o *corev1.Secret) {
	if step.Verb == MakeSecret {
		for _, other := range w.sites {
			if other != s && other.secrets[targetOf(o)] != nil && other.ring != nil && other.ring.Annotations[Kind.ID] == s.ring.Annotations[Kind.ID] {
				w.fail("%s makes a Secret that %s has", s.name, other.name)
			}
		}
	}
	there := s.secrets[targetOf(o)]
	if step.Verb == UpdateSecret && (there == nil || there.Annotations[federation.OriginAnnotation] == "" && there.Annotations[copyOfAnnotation] == "") {
		w.fail("%s writes a Secret that is no copy", s.name)
	}
}

// checkDatacenter: what was lost isn't made again unasked, and nobody else's is written.
func (w *world) checkDatacenter(s *site, o *cassandra.CassandraDatacenter) {
	there := s.dcs[targetOf(o)]
	known := s.ring.Status.Datacenters[o.Name]
	switch {
	case there == nil && known.Cassandra != nil && known.ContextName == s.name && known.DecommissionProgress == api.DecommNone && s.ring.Annotations[deletion.BringBack] != s.name:
		w.fail("%s makes %s again, which was lost", s.name, o.Name)
	case there != nil && there.Labels[api.ClusterNameLabel] != ringName:
		w.fail("%s writes another ring's %s", s.name, o.Name)
	case there != nil && there.DeletionTimestamp != nil:
		w.fail("%s writes %s, which is being deleted", s.name, o.Name)
	}
	if there != nil && !w.older[s.name] && BaseOf(there) != BaseOf(o) && s.ring.Spec.Cassandra.BaseConfiguration == "" {
		w.fail("%s changes the base configuration of %s unasked", s.name, o.Name)
	}
	if there != nil && there.Annotations[cassandra.RebuiltFromAnnotation] != "" && o.Annotations[cassandra.RebuiltFromAnnotation] == "" {
		w.fail("%s forgets that %s was rebuilt", s.name, o.Name)
	}
	if there != nil && there.Annotations[cassandra.FoundingAnnotation] != "" && o.Annotations[cassandra.FoundingAnnotation] == "" {
		w.fail("%s forgets who founded the ring", s.name)
	}
}

// othersHaveSeeds tells whether a datacenter of the ring has seeds of a slice's family, beside the one that the slice is for.
func (w *world) othersHaveSeeds(s *site, slice *discoveryv1.EndpointSlice) bool {
	is := netip.Addr.Is4
	if slice.AddressType == discoveryv1.AddressTypeIPv6 {
		is = netip.Addr.Is6
	}
	for _, t := range s.ring.Spec.Cassandra.Datacenters {
		dc := w.site(RegionOf(s.ring, t)).dcs[Namespace(s.ring, t)+"/"+t.Metadata.Name]
		if SeedSlice(s.ring, t, slice.AddressType) != slice.Name && dc != nil && len(ofFamily(dc.Status.Seeds, is)) > 0 {
			return true
		}
	}
	return false
}
