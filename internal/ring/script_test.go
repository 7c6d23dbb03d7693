package ring

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	control "github.com/ringspan/ringspan/api/control/v1alpha1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/deletion"
	"github.com/ringspan/ringspan/internal/federation"
	"github.com/ringspan/ringspan/internal/topology"
)

// command is a line of a script.
type command struct {
	name  string
	args  []string
	input string
}

func commandOf(d *datadriven.TestData) command {
	c := command{name: d.Cmd, input: strings.TrimSpace(d.Input)}
	for _, a := range d.CmdArgs {
		c.args = append(c.args, a.String())
	}
	return c
}

// do plays a command, lets the operators act until nobody has anything to do, and says what they did.
func (w *world) do(c command) string {
	w.out.Reset()
	if c.name == "regions" {
		*w = *newWorldLike(w, c.args)
		return ""
	}
	switch c.name {
	case "show":
		return w.show()
	case "bases":
		return w.bases()
	case "progress":
		return w.progress()
	case "replicas-seen": // REGION DATACENTER: what it was told that the others know of themselves
		s := w.site(c.args[0])
		return s.dcs[s.find(c.args[1])].Annotations[cassandra.ReplicasSeenAnnotation] + "\n"
	case "generations":
		return w.generations()
	case "secret-versions":
		return w.secretVersions(c.args[0])
	}
	w.person(c)
	if c.name != "swaps" {
		w.run()
	}
	return w.out.String()
}

func newWorldLike(w *world, names []string) *world {
	next := newWorld(names...)
	next.crashAt, next.broken = w.crashAt, w.broken
	return next
}

// person is what people, networks and the datacenters' own loops do.
func (w *world) person(c command) {
	switch c.name {
	case "wait": // for longer than an agreement on a deletion must last
		for range 12 {
			w.round()
			w.clock = w.clock.Add(2 * time.Second)
		}
	case "later":
		d, err := time.ParseDuration(c.args[0])
		if err != nil {
			panic(err)
		}
		w.clock = w.clock.Add(d)
	case "cut":
		for _, o := range w.sites {
			w.cut[[2]string{c.args[0], o.name}], w.cut[[2]string{o.name, c.args[0]}] = true, true
		}
	case "heal": // all, or between two regions
		if len(c.args) == 2 {
			delete(w.cut, [2]string{c.args[0], c.args[1]})
			delete(w.cut, [2]string{c.args[1], c.args[0]})
			return
		}
		w.cut = map[[2]string]bool{}
	case "older", "newer":
		w.older[c.args[0]] = c.name == "older"
	case "restart":
		for _, s := range w.sites {
			s.seen = map[string]*sighting{}
		}
	default:
		w.inRegion(w.site(c.args[0]), c)
	}
}

// inRegion is what happens in one region, which is the command's first argument.
func (w *world) inRegion(s *site, c command) {
	args := c.args[1:]
	switch c.name {
	case "apply": // DATACENTER@REGION… and what the manifest has on record
		w.applyRing(s, args, c.input)
	case "edit": // a number; add=DATACENTER@REGION; add-first=, move=DATACENTER@REGION; stop=DATACENTER; resume=DATACENTER; drop=DATACENTER
		w.edit(s, args[0])
	case "annotate":
		name, value, _ := strings.Cut(args[0], "=")
		federation.Note(s.ring, "ringspan.io/"+name, value)
	case "forget": // an annotation, which somebody took off the copy
		federation.Drop(s.ring, "ringspan.io/"+args[0])
	case "delete":
		w.asked = true
		w.end(s)
	case "namespace-goes":
		w.loseNamespace(s)
	case "let-go":
		s.letGo = true
	case "namespace-back":
		s.goes, s.letGo = "", false
	case "hold", "unhold": // what becomes of this region's datacenters takes a while
		s.held = c.name == "hold"
	case "secret": // NAMESPACE/NAME PASSWORD
		s.person("admin", args[0], args[1])
	case "former-copy": // NAMESPACE/NAME REGION: as a former version pulled it, which named the region that it pulled from
		w.pulledAsBefore(s, args[0], args[1])
	case "another-rings": // NAMESPACE/NAME PASSWORD: a Secret that says that it is of another ring
		delete(s.secrets, args[0])
		s.person("admin", args[0], args[1])
		federation.Note(s.secrets[args[0]], api.RingIDAnnotation, "another")
	case "not-another-rings": // NAMESPACE/NAME: a person takes that away
		delete(s.secrets[args[0]].Annotations, api.RingIDAnnotation)
	case "no-config": // of REGION
		s.unknown[args[0]] = true
	case "config": // of REGION is there again
		delete(s.unknown, args[0])
	case "lose-secret":
		delete(s.secrets, args[0])
	case "grant":
		s.grants[args[0]] = args[1]
	case "fails": // VERB NAMESPACE/NAME WHY: a step, with - for the blanks of its verb and reason
		s.failing[args[0]+" "+args[1]] = strings.ReplaceAll(args[2], "-", " ")
	case "refuses": // NAMESPACE/NAME WHY: another spec of a datacenter
		s.failing["refused "+args[0]] = strings.ReplaceAll(args[1], "-", " ")
	case "succeeds":
		s.failing = map[string]string{}
	case "swaps": // DATACENTER
		s.swapped = args[0]
	case "unreadable":
		s.unreadable[args[0]] = true
	case "readable":
		s.unreadable = map[string]bool{}
	default:
		w.datacenter(s, c.name, args)
	}
}

// datacenter is what one does of its own, or what is done to it.
func (w *world) datacenter(s *site, what string, args []string) {
	key := s.find(args[0])
	dc := s.dcs[key]
	if dc == nil && what != "foreign" {
		fmt.Fprintf(&w.out, "%s has no datacenter %s\n", s.name, args[0])
		return
	}
	switch what {
	case "foreign":
		s.dcs[ringNamespace+"/"+args[0]] = w.foreign(ringNamespace + "/" + args[0])
	case "serve": // with seeds
		w.serve(dc, args[1:])
	case "made-roles": // of the superuser's Secret, by its nodes' operator
		dc.Annotations[cassandra.WrittenRolesAnnotation] = `{"admin":["` + strings.Join(args[1:], `","`) + `"]}`
	case "done": // all that its spec asks for
		dc.Status.ObservedGeneration = dc.Generation
	case "down":
		dc.Status.Conditions = slices.DeleteFunc(dc.Status.Conditions, func(c cassandra.DatacenterCondition) bool { return c.Type == cassandra.DatacenterReady })
	case "stopped":
		dc.Status.Conditions = append(dc.Status.Conditions, cassandra.DatacenterCondition{Type: cassandra.DatacenterStopped, Status: corev1.ConditionTrue})
	case "seeds": // that it has, and isn't initialized yet
		dc.Status.Seeds = args[1:]
	case "joins": // with host ids
		dc.Status.NodeStatuses = cassandra.CassandraStatusMap{}
		for _, id := range args[1:] {
			dc.Status.NodeStatuses["pod-"+id] = cassandra.CassandraNodeStatus{HostID: id}
		}
	case "founds": // puts down which members the ring began with: DATACENTER=HOST…
		f := Founding{}
		for _, one := range args[1:] {
			name, host, _ := strings.Cut(one, "=")
			f[name] = append(f[name], host)
		}
		dc.Annotations[cassandra.FoundingAnnotation] = f.String()
	case "sees": // keyspaces, KEYSPACE=REPLICAS or KEYSPACE=STRATEGY
		dc.Status.KeyspacesSeen, dc.Status.Keyspaces = true, map[string]cassandra.KeyspaceStatus{}
		for _, one := range args[1:] {
			name, value, _ := strings.Cut(one, "=")
			k := cassandra.KeyspaceStatus{Strategy: value}
			if value == "1" {
				k = cassandra.KeyspaceStatus{Replicas: 1}
			}
			dc.Status.Keyspaces[name] = k
		}
	case "with": // members of other datacenters, which its nodes see: DATACENTER=HASH
		dc.Status.Together = &cassandra.TogetherStatus{Looked: metav1.NewTime(w.clock), With: map[string]string{}}
		for _, one := range args[1:] {
			name, members, _ := strings.Cut(one, "=")
			dc.Status.Together.With[name] = members
		}
	case "records": // before its first start, by what it joins
		dc.Annotations[cassandra.JoinedAnnotation] = args[1]
	case "only-at": // DATACENTER=KEYSPACES that have no copy but there
		dc.Status.OnlyAt, dc.Status.Together = map[string]string{}, &cassandra.TogetherStatus{Looked: metav1.NewTime(w.clock)}
		for _, one := range args[1:] {
			name, value, _ := strings.Cut(one, "=")
			dc.Status.OnlyAt[name] = value
		}
	case "knows": // OTHER…: the other datacenters of which it sees members
		dc.Status.Together = &cassandra.TogetherStatus{Looked: metav1.NewTime(w.clock), With: map[string]string{}}
		for _, other := range args[1:] {
			dc.Status.Together.With[other] = "members"
		}
	case "refuses-to-leave": // WHY
		dc.Status.Conditions = append(dc.Status.Conditions, cassandra.DatacenterCondition{Type: cassandra.DatacenterDecommission, Status: corev1.ConditionTrue, Reason: cassandra.ReasonStillReplicated, Message: strings.ReplaceAll(args[1], "-", " ")})
	case "begins-to-leave": // HOST
		dc.Annotations[cassandra.DecommissionAnnotation] = "pod-" + args[1] + " " + args[1]
	case "node-left": // HOST
		delete(dc.Annotations, cassandra.DecommissionAnnotation)
		delete(dc.Status.NodeStatuses, "pod-"+args[1])
		w.decommission(dc)
	case "node-gone": // HOST, which was the last one: what its datacenter makes of that isn't said yet
		delete(dc.Annotations, cassandra.DecommissionAnnotation)
		delete(dc.Status.NodeStatuses, "pod-"+args[1])
	case "idle", "busy": // its own operator doesn't run, or does again
		s.idle[dc.Name] = what == "idle"
	case "withdrew": // OTHER: as its operator said of one that has left
		dc.Annotations[cassandra.WithdrawnAnnotation] = args[1]
	case "unmarked": // as a version wrote it that lets no datacenter leave
		delete(dc.Annotations, cassandra.InSpecAnnotation)
	case "marked": // a person wants it to leave
		dc.Annotations[cassandra.InSpecAnnotation] = "true"
	case "lose": // it is deleted, without its ring and with all it had
		delete(s.dcs, key)
		delete(s.applied, key)
		delete(s.tasks, dc.Namespace+"/"+RebuildTask(dc.Name))
	case "delete-dc": // and kept by its own loop
		now := metav1.NewTime(w.clock)
		dc.DeletionTimestamp = &now
	case "let-dc-go": // a person's word that its data may go
		dc.Annotations[deletion.Annotation] = deletion.Asked
	case "rebuilt", "failed":
		w.endTask(s, dc, what)
	case "drop-task":
		delete(s.tasks, dc.Namespace+"/"+RebuildTask(dc.Name))
	default:
		panic("no command " + what)
	}
}

func (s *site) find(name string) string {
	for key, dc := range s.dcs {
		if dc.Name == name {
			return key
		}
	}
	return ringNamespace + "/" + name
}

func (w *world) serve(dc *cassandra.CassandraDatacenter, seeds []string) {
	dc.Status.Conditions = nil
	for _, kind := range []cassandra.DatacenterConditionType{cassandra.DatacenterInitialized, cassandra.DatacenterReady} {
		dc.Status.Conditions = append(dc.Status.Conditions, cassandra.DatacenterCondition{Type: kind, Status: corev1.ConditionTrue})
	}
	dc.Status.Seeds = seeds
}

func (w *world) endTask(s *site, dc *cassandra.CassandraDatacenter, what string) {
	task := s.tasks[dc.Namespace+"/"+RebuildTask(dc.Name)]
	if task == nil {
		fmt.Fprintf(&w.out, "%s has no task\n", dc.Name)
		return
	}
	now := metav1.NewTime(w.clock)
	task.Status.StartTime, task.Status.CompletionTime = &now, &now
	c := metav1.Condition{Type: control.JobComplete, Status: metav1.ConditionTrue}
	if what == "failed" {
		c = metav1.Condition{Type: control.JobFailed, Status: metav1.ConditionTrue, Message: "too few sources"}
	}
	task.Status.Conditions = []metav1.Condition{c}
}

func (w *world) loseNamespace(s *site) {
	s.goes = "namespace " + ringNamespace + " is being deleted"
	if s.ring != nil && s.ring.DeletionTimestamp == nil {
		w.end(s)
	}
	now := metav1.NewTime(w.clock)
	for _, dc := range s.dcs {
		dc.DeletionTimestamp = &now
	}
	s.secrets, s.slices, s.tasks, s.shared = map[string]*corev1.Secret{}, map[string]*discoveryv1.EndpointSlice{}, map[string]*control.CassandraTask{}, false
}

// person makes a Secret.
func (s *site) person(user, key, password string) {
	namespace, name, _ := strings.Cut(key, "/")
	data := map[string][]byte{"username": []byte(user), "password": []byte(password)}
	if old := s.secrets[key]; old != nil {
		old.Data = data
		s.stamp(old)
		return
	}
	s.secrets[key] = &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Data: data}
	s.stamp(s.secrets[key])
}

// stamp gives a Secret that was written its next version in the region.
func (s *site) stamp(secret *corev1.Secret) {
	s.written++
	secret.ResourceVersion = fmt.Sprintf("%s-%d", s.name, s.written)
}

func (w *world) pulledAsBefore(s *site, key, from string) {
	secret := w.site(from).secrets[key].DeepCopy()
	delete(secret.Annotations, api.RingIDAnnotation)
	federation.Note(secret, federation.OriginAnnotation, from)
	s.secrets[key] = secret
}

func (w *world) applyRing(s *site, datacenters []string, secret string) {
	k := &api.K8ssandraCluster{ObjectMeta: metav1.ObjectMeta{Namespace: ringNamespace, Name: ringName, UID: w.uid(s.name), Generation: 1}}
	k.Spec.Cassandra = &api.CassandraClusterTemplate{}
	k.Spec.Cassandra.ServerVersion = "5.0.9"
	k.Spec.Cassandra.SuperuserSecretRef.Name = secret
	for _, text := range datacenters {
		if base, is := strings.CutPrefix(text, "on-record="); is { // as its manifest has it
			federation.Note(k, api.BaseConfigurationAnnotation, base)
			continue
		}
		if verb, value, is := strings.Cut(text, "="); is { // seeds=…, external=…: it is part of a ring that is there
			outside(k, verb, value)
			continue
		}
		k.Spec.Cassandra.Datacenters = append(k.Spec.Cassandra.Datacenters, templateOf(text))
	}
	w.asked = false
	s.ring = k
}

// templateOf is a datacenter of NAME@REGION or NAMESPACE/NAME@REGION. NAME:OTHER is one that Cassandra knows as OTHER.
func templateOf(text string) api.CassandraDatacenterTemplate {
	name, region, _ := strings.Cut(text, "@")
	namespace := ""
	if before, after, is := strings.Cut(name, "/"); is {
		namespace, name = before, after
	}
	name, cassandraName, _ := strings.Cut(name, ":")
	t := api.CassandraDatacenterTemplate{Metadata: api.EmbeddedObjectMeta{Name: name, Namespace: namespace}, K8sContext: region, Size: 3}
	t.DatacenterName = cassandraName
	return t
}

// outside sets what a spec says of a ring that is there.
func outside(k *api.K8ssandraCluster, verb, value string) {
	var all []string
	if value != "" {
		all = strings.Split(value, ",")
	}
	switch verb {
	case "seeds":
		k.Spec.Cassandra.AdditionalSeeds = all
	case "external":
		k.Spec.ExternalDatacenters = all
	}
}

func (w *world) edit(s *site, what string) {
	if s.ring == nil || s.ring.DeletionTimestamp != nil {
		fmt.Fprintf(&w.out, "%s has no ring to edit\n", s.name)
		return
	}
	spec := s.ring.Spec.Cassandra
	verb, name, _ := strings.Cut(what, "=")
	i := slices.IndexFunc(spec.Datacenters, func(t api.CassandraDatacenterTemplate) bool { return t.Metadata.Name == name })
	switch verb {
	case "add":
		spec.Datacenters = append(slices.Clone(spec.Datacenters), templateOf(name))
	case "drop":
		spec.Datacenters = slices.Delete(slices.Clone(spec.Datacenters), i, i+1)
	case "first": // in the list
		spec.Datacenters = append([]api.CassandraDatacenterTemplate{spec.Datacenters[i]}, slices.Delete(slices.Clone(spec.Datacenters), i, i+1)...)
	case "seeds", "external": // of a ring that is there
		outside(s.ring, verb, name)
	case "source": // of rebuilds
		spec.Datacenters = slices.Clone(spec.Datacenters)
		for i := range spec.Datacenters {
			spec.Datacenters[i].Rebuild = &api.RebuildSpec{SourceDc: name}
		}
	case "add-first":
		spec.Datacenters = slices.Insert(slices.Clone(spec.Datacenters), 0, templateOf(name))
	case "move": // DATACENTER@REGION
		next := templateOf(name)
		spec.Datacenters = slices.Clone(spec.Datacenters)
		spec.Datacenters[slices.IndexFunc(spec.Datacenters, func(t api.CassandraDatacenterTemplate) bool { return t.Metadata.Name == next.Metadata.Name })] = next
	case "base": // none asks for none, and nothing for nothing
		spec.BaseConfiguration = name
	case "stop", "resume":
		spec.Datacenters = slices.Clone(spec.Datacenters)
		spec.Datacenters[i].Stopped = verb == "stop"
	default:
		spec.CassandraConfig = &api.CassandraConfig{CassandraYaml: api.Document{"concurrent_writes": what}}
	}
	s.ring.Generation++
}

var (
	hashes = regexp.MustCompile(`(\d+/[a-z]+)/[0-9a-f]{12}`)
	times  = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`)
)

// brief leaves hashes out of revisions.
func brief(text string) string { return hashes.ReplaceAllString(text, "$1") }

// show is what every region has.
// bases are the base configurations that copies have on record, and that datacenters have.
func (w *world) bases() string {
	var out strings.Builder
	for _, s := range w.sites {
		if s.ring == nil {
			fmt.Fprintf(&out, "%s: no copy\n", s.name)
			continue
		}
		fmt.Fprintf(&out, "%s: on record %s\n", s.name, orElse(s.ring.Annotations[api.BaseConfigurationAnnotation], "nothing"))
		for _, key := range slices.Sorted(maps.Keys(s.dcs)) {
			fmt.Fprintf(&out, "  %s: %s\n", key, BaseOf(s.dcs[key]))
		}
		for _, c := range s.ring.Status.Conditions {
			if c.Message != "" && strings.Contains(c.Message, "base") {
				fmt.Fprintf(&out, "  %s: %s\n", c.Type, c.Message)
			}
		}
	}
	return out.String()
}

func (w *world) show() string {
	var out strings.Builder
	for _, s := range w.sites {
		out.WriteString(brief(s.show()))
	}
	return out.String()
}

// generations are how far each region's copy has come: the generation that its status is about, and the last one that is done.
func (w *world) generations() string {
	var out strings.Builder
	for _, s := range w.sites {
		fmt.Fprintf(&out, "%s: %d, seen %d, done %d;", s.name, s.ring.Generation, s.ring.Status.SeenGeneration, s.ring.Status.ObservedGeneration)
		for _, name := range slices.Sorted(maps.Keys(s.ring.Status.Datacenters)) {
			out.WriteString(" " + name + " " + orElse(s.ring.Status.Datacenters[name].DoneRevision, "-"))
		}
		out.WriteString("\n")
	}
	return brief(out.String())
}

// secretVersions are those of a Secret by region, with what its copies say that they are of, and what the datacenters were told.
func (w *world) secretVersions(key string) string {
	var out strings.Builder
	for _, s := range w.sites {
		if secret := s.secrets[key]; secret != nil {
			fmt.Fprintf(&out, "%s: %s %s", s.name, secret.Data["password"], secret.ResourceVersion)
			if of := secret.Annotations[cassandra.OriginVersionAnnotation]; of != "" {
				fmt.Fprintf(&out, " of %s", of)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(s.dcs)) {
			if told := s.dcs[name].Annotations[cassandra.SecretEverywhereAnnotation]; told != "" {
				fmt.Fprintf(&out, "; %s everywhere at %s", name, told)
			}
		}
		out.WriteString("\n")
	}
	return out.String()
}

func (s *site) show() string {
	var out strings.Builder
	out.WriteString(s.name + ":" + s.showRing() + "\n")
	for _, key := range slices.Sorted(maps.Keys(s.dcs)) {
		out.WriteString("  " + s.showDatacenter(key) + "\n")
	}
	for _, key := range slices.Sorted(maps.Keys(s.tasks)) {
		task := s.tasks[key]
		fmt.Fprintf(&out, "  task %s from %s, try %s", task.Name, task.Spec.Jobs[0].Arguments.SourceDatacenter, task.Annotations[tryCount])
		for _, c := range task.Status.Conditions {
			out.WriteString(", " + c.Type)
		}
		out.WriteString("\n")
	}
	for _, key := range slices.Sorted(maps.Keys(s.secrets)) {
		secret := s.secrets[key]
		fmt.Fprintf(&out, "  Secret %s %q", key, secret.Data["password"])
		if from := secret.Annotations[federation.OriginAnnotation]; from != "" {
			out.WriteString(" from " + from)
		}
		out.WriteString("\n")
	}
	return out.String()
}

func (s *site) showRing() string {
	k := s.ring
	if k == nil {
		return " no copy"
	}
	text := " " + orElse(k.Annotations[federation.RevisionAnnotation], "no revision")
	if c := k.Spec.Cassandra.CassandraConfig; c != nil {
		text += fmt.Sprintf(" %q", c.CassandraYaml["concurrent_writes"])
	}
	if k.DeletionTimestamp != nil {
		text += " being deleted " + k.Annotations[deletion.Annotation]
	}
	for _, c := range k.Status.Conditions {
		switch {
		case c.Type == api.ClusterReady && c.Status == corev1.ConditionTrue:
			text += ", ready"
		case c.Type == api.ClusterReady && k.DeletionTimestamp == nil:
			text += "\n  waiting: " + c.Message
		case c.Type == api.ClusterPeersReachable && c.Status == corev1.ConditionFalse,
			c.Type != api.ClusterPeersReachable && c.Type != api.CassandraInitialized && c.Type != api.ClusterReady && c.Status == corev1.ConditionTrue,
			c.Type == api.ClusterDeleting:
			text += fmt.Sprintf("\n  %s %s: %s", c.Type, c.Reason, c.Message)
		}
	}
	return text
}

// told are the annotations of a datacenter that its own operator acts on.
var told = map[string]string{
	cassandra.FoundingAnnotation: "founded with", cassandra.RebuildFromAnnotation: "rebuild from", cassandra.RebuiltFromAnnotation: "rebuilt from",
	cassandra.LackingAnnotation: "lacking:", cassandra.RemovalAnnotation: "removal", cassandra.ForgottenAnnotation: "forgotten by", cassandra.RemovedDatacentersAnnotation: "removed:", cassandra.WithdrawnAnnotation: "withdrawn:", cassandra.CopiedAnnotation: "copied:", cassandra.StoppedAnnotation: "stopped:", cassandra.SpreadAnnotation: "not by datacenter:",
	deletion.Annotation: "deletion", cassandra.ConsentAnnotation: "consent", cassandra.RingConsentToAnnotation: "consent to", cassandra.JoinedAnnotation: "joined by", cassandra.SkipUserCreationAnnotation: "without users:",
}

func (s *site) showDatacenter(key string) string {
	dc := s.dcs[key]
	text := key
	if ring := dc.Labels[api.ClusterNameLabel]; ring != ringName {
		return text + " of " + ring
	}
	if strings.Contains(string(dc.Spec.Config), "concurrent_writes") {
		_, after, _ := strings.Cut(string(dc.Spec.Config), `"concurrent_writes":"`)
		before, _, _ := strings.Cut(after, `"`)
		text += fmt.Sprintf(" %q", before)
	}
	t := api.CassandraDatacenterTemplate{Metadata: api.EmbeddedObjectMeta{Name: dc.Name}}
	t.DatacenterName = dc.Spec.DatacenterName
	var seeds []string
	for _, family := range []discoveryv1.AddressType{discoveryv1.AddressTypeIPv4, discoveryv1.AddressTypeIPv6} {
		slice := s.slices[dc.Namespace+"/"+SeedSlice(&api.K8ssandraCluster{ObjectMeta: metav1.ObjectMeta{Name: ringName}}, t, family)]
		if slice == nil || family == discoveryv1.AddressTypeIPv6 && len(slice.Endpoints) == 0 {
			continue
		}
		if seeds == nil {
			seeds = []string{", seeds"}
		}
		for _, e := range slice.Endpoints {
			seeds = append(seeds, e.Addresses[0])
		}
	}
	words := []string{text + strings.Join(seeds, " ")}
	for _, name := range slices.Sorted(maps.Keys(told)) {
		if value := dc.Annotations[name]; value != "" {
			words = append(words, told[name]+" "+value)
		}
	}
	text = strings.Join(words, ", ")
	if dc.DeletionTimestamp != nil {
		text += ", being deleted"
	}
	if of, _ := topology.Decode(dc.Annotations[topology.Annotation]); of.Joins {
		text += ", joins"
	}
	return text
}

// played is a script with its end.
type played struct {
	commands []command
	before   []*world // what there was before each command
	writes   int
	end      string
}

// TestScripts plays the histories of testdata. Each command prints what the operators did then; show prints what there is.
// Rewrite the output with -rewrite, and read the difference. Then each history is played again as often as operators write
// in it, and each time another one of these writes is not made because that operator ends: it must come to the same end. So
// must it when all operators end after every command.
func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata/scripts", func(t *testing.T, path string) {
		var p played
		w := newWorld()
		datadriven.RunTest(t, path, func(_ *testing.T, d *datadriven.TestData) string {
			p.commands, p.before = append(p.commands, commandOf(d)), append(p.before, w.copied())
			return w.do(commandOf(d))
		})
		p.writes, p.end = w.writes, w.state()
		p.restarted(t)
		every := 1
		if testing.Short() {
			every = 7
		}
		for n := 1; n <= p.writes; n += every {
			p.crashed(t, n)
		}
	})
}

// state is what there is, without times.
func (w *world) state() string { return times.ReplaceAllString(w.show(), "TIME") }

func (p played) restarted(t *testing.T) {
	t.Helper()
	w := newWorld()
	for _, c := range p.commands {
		w.do(c)
		if c.name != "regions" {
			w.do(command{name: "restart"})
		}
	}
	if got := w.state(); got != p.end {
		t.Errorf("with new operators after each command it ends so:\n%s\nand not so:\n%s", got, p.end)
	}
}

// crashed plays on from the command in which write n is made: up to there nothing is different.
func (p played) crashed(t *testing.T, n int) {
	t.Helper()
	from := len(p.before) - 1
	for p.before[from].writes >= n {
		from--
	}
	w := p.before[from].copied()
	w.crashAt = n
	var log strings.Builder
	for _, c := range p.commands[from:] {
		text := w.do(c)
		fmt.Fprintf(&log, "%s %v\n%s", c.name, c.args, text)
	}
	if got := w.state(); got != p.end || strings.Contains(log.String(), "BROKEN") {
		t.Fatalf("when the operator ends before write %d, it ends so:\n%s\nand not so:\n%s\n%s", n, got, p.end, log.String())
	}
}
