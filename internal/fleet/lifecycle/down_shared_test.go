package lifecycle

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	control "github.com/ringspan/ringspan/api/control/v1alpha1"
	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/federation"
	"github.com/ringspan/ringspan/internal/install"
	"github.com/ringspan/ringspan/internal/kubetest"
	"github.com/ringspan/ringspan/internal/operator"
	"github.com/ringspan/ringspan/internal/region"
)

// What becomes of each object is told before anything is deleted, and a region that nobody asks is named.
func TestWhatEndsWithTheOperatorsIsTold(t *testing.T) {
	propagation := func(name string, policy fleetv1.DeletionPolicy, seen string) *fleetv1.Propagation {
		p := &fleetv1.Propagation{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, Annotations: map[string]string{federation.RegionsAnnotation: seen}}}
		p.Spec = configMap(name, policy)
		p.Status.Managed = []fleetv1.ObjectReference{{APIVersion: "v1", Kind: "ConfigMap", Namespace: "shop", Name: name}}
		return p
	}
	task := &control.K8ssandraTask{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "rebuild"}}
	h := held{tasks: []sharedIn{{region: region.Region{Name: "west"}, object: task}}}
	for _, p := range []*fleetv1.Propagation{propagation("front", "", "central=u"), propagation("kept", fleetv1.DeletionOrphan, "east=v")} {
		h.propagations = append(h.propagations, shared(region.Region{Name: "west"}, p, nil))
	}
	want := "; Propagations: shop/front, shop/kept (ConfigMap shop/front is deleted, ConfigMap shop/kept stays: spec.deletionPolicy is Orphan); K8ssandraTasks: shop/rebuild"
	if got := h.sharedList("west"); got != want || h.sharedList("central") != "" {
		t.Error(got)
	}
	says(t, "a Propagation in another region", h.refuse([]string{"west", "central"}), "Propagation shop/kept is also in region east,")
	if err := h.refuse([]string{"west", "central", "east"}); err != nil {
		t.Error(err)
	}
	says(t, "what was made since", h.refuseNew(), "shop/front, shop/kept, shop/rebuild")
	now := metav1.Now()
	h.propagations[0].object.SetDeletionTimestamp(&now)
	if got := h.notEnding(); !slices.Equal(got, []string{"shop/kept"}) {
		t.Errorf("asked is about %q", got)
	}
}

// What one copy has stay stays in all regions, also in one that hasn't followed the edit yet.
func TestDownHeedsTheMoreCarefulCopy(t *testing.T) {
	h := held{}
	for name, policy := range map[string]fleetv1.DeletionPolicy{"west": fleetv1.DeletionOrphan, "central": fleetv1.DeletionDelete} {
		p := &fleetv1.Propagation{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "front"}, Spec: configMap("front", policy)}
		p.Status.Region = name
		p.Status.Managed = []fleetv1.ObjectReference{{APIVersion: "v1", Kind: "ConfigMap", Namespace: "shop", Name: "front"}}
		h.propagations = append(h.propagations, shared(region.Region{Name: name}, p, nil))
	}
	h.heedAll()
	for _, s := range h.propagations {
		want, note := "ConfigMap shop/front stays: spec.deletionPolicy is Orphan", ""
		if s.region.Name == "central" {
			note = "ringspan down: region west has it so: spec.deletionPolicy is Orphan"
			want = "ConfigMap shop/front stays: annotation " + fleetv1.PropagationOrphanAnnotation + ": " + note
		}
		if len(s.fates) != 1 || s.fates[0] != want || s.heed != note {
			t.Errorf("%s: %q, note %q", s.region.Name, s.fates, s.heed)
		}
	}
}

// What came or changed while somebody was asked stops down; what went meanwhile doesn't.
func TestDownIsAgreedToAsItIs(t *testing.T) {
	in := func(name, uid string, policy fleetv1.DeletionPolicy) sharedIn {
		p := &fleetv1.Propagation{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "front", UID: types.UID(uid)}, Spec: configMap("front", policy)}
		p.Status.Region = name
		p.Status.Managed = []fleetv1.ObjectReference{{APIVersion: "v1", Kind: "ConfigMap", Namespace: "shop", Name: "front"}}
		return shared(region.Region{Name: name}, p, nil)
	}
	task := sharedIn{region: region.Region{Name: "west"}, object: &control.K8ssandraTask{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "rebuild"}}}
	of := func(tasks []sharedIn, ring *copyIn, propagations ...sharedIn) held {
		h := held{}
		if ring != nil {
			h = holding(*ring)
		}
		h.propagations, h.tasks = propagations, tasks
		h.heedAll()
		return h
	}
	ring, another := copyOf("west", "r1"), copyOf("west", "r2")
	agreed := of([]sharedIn{task}, &ring, in("west", "u", fleetv1.DeletionDelete), in("central", "v", fleetv1.DeletionDelete))
	says(t, "an edit in a region that another one can't reach", of(nil, &ring, in("west", "u", fleetv1.DeletionOrphan), in("central", "v", fleetv1.DeletionDelete)).refuseChanged(agreed),
		"west: Propagation shop/front: ConfigMap shop/front stays: spec.deletionPolicy is Orphan", "central: Propagation shop/front: ConfigMap shop/front stays:", "region west has it so", "Run down again")
	stays := of(nil, nil, in("west", "u", fleetv1.DeletionOrphan), in("central", "v", fleetv1.DeletionDelete))
	says(t, "the copy that had it stay went", of(nil, nil, in("central", "v", fleetv1.DeletionDelete)).refuseChanged(stays), "central: Propagation shop/front: ConfigMap shop/front is deleted")
	says(t, "another Propagation of the name", of(nil, nil, in("west", "w", fleetv1.DeletionDelete)).refuseChanged(agreed), "west: Propagation shop/front")
	says(t, "another ring of the name", of(nil, &another).refuseChanged(agreed), "west: ring ns/ring")
	says(t, "a task", agreed.refuseChanged(of(nil, &ring, agreed.propagations...)), "west: K8ssandraTask shop/rebuild")
	for what, fresh := range map[string]held{"the same": agreed, "one copy left": of(nil, nil, in("west", "u", fleetv1.DeletionDelete)), "nothing left": {}} {
		if err := fresh.refuseChanged(agreed); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// An answer is about what was listed: down looks again when it has it.
func TestDownLooksAgainAfterTheAnswer(t *testing.T) {
	cluster := kubetest.Start(t)
	ns := cluster.Namespace(t)
	p := &fleetv1.Propagation{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "front"}, Spec: configMap("front", fleetv1.DeletionDelete)}
	if err := cluster.Client.Create(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	p.Status.Managed = []fleetv1.ObjectReference{{APIVersion: "v1", Kind: "ConfigMap", Namespace: ns, Name: "front"}}
	if err := cluster.Client.Status().Update(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	d := &ExistingDown{Regions: []region.Region{{Name: "west", Config: cluster.Admin, Client: cluster.Client}}}
	ask := func(meanwhile func()) error {
		d.Agree = func(context.Context, Going) error {
			meanwhile()
			return nil
		}
		h, err := d.look(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, err = d.agreed(t.Context(), h, nil)
		return err
	}
	says(t, "an edit while it was asked", ask(func() {
		p.Spec.DeletionPolicy = fleetv1.DeletionOrphan
		if err := cluster.Client.Update(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}), "west: Propagation "+ns+"/front: ConfigMap "+ns+"/front stays: spec.deletionPolicy is Orphan")
	if err := ask(func() {}); err != nil {
		t.Error(err)
	}
}

// What down notes on a copy, to have its object stay, is about that deletion. It goes when the copy can't be deleted, and when up
// finds it on one that nobody deletes. Somebody else's note, and that of a copy that is being deleted, stay.
func TestADownThatComesToNothingLeavesNoNote(t *testing.T) {
	cluster := kubetest.Start(t)
	ns := cluster.Namespace(t)
	key := func(name string) client.ObjectKey { return client.ObjectKey{Namespace: ns, Name: name} }
	create := func(name, note string, finalizers ...string) *fleetv1.Propagation {
		t.Helper()
		p := &fleetv1.Propagation{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name, Finalizers: finalizers}, Spec: configMap(name, fleetv1.DeletionDelete)}
		if note != "" {
			p.Annotations = map[string]string{fleetv1.PropagationOrphanAnnotation: note}
		}
		if err := cluster.Client.Create(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		return p
	}
	note := func(name string) string {
		t.Helper()
		p := &fleetv1.Propagation{}
		if err := cluster.Client.Get(t.Context(), key(name), p); err != nil {
			t.Fatal(err)
		}
		return p.Annotations[fleetv1.PropagationOrphanAnnotation]
	}

	refused, noted := errors.New("the API server refuses it"), ""
	refuses := interceptor.NewClient(watching(t, cluster), interceptor.Funcs{Delete: func(context.Context, client.WithWatch, client.Object, ...client.DeleteOption) error {
		noted = note("front")
		return refused
	}})
	front := shared(region.Region{Name: "west", Client: refuses}, create("front", ""), nil)
	front.heed = downNote + "region central has it so: spec.deletionPolicy is Orphan"
	if err := front.end(t.Context()); !errors.Is(err, refused) || noted != front.heed {
		t.Errorf("%v, noted was %q", err, noted)
	}
	if left := note("front"); left != "" {
		t.Errorf("left is the note %q", left)
	}

	create("killed", front.heed)
	create("orphan", "true")
	going := create("going", front.heed, "test.ringspan.io/stays")
	if err := cluster.Client.Delete(t.Context(), going); err != nil {
		t.Fatal(err)
	}
	for _, want := range [][]string{{ns + "/killed"}, nil} {
		if names, err := unnoteAll(t.Context(), cluster.Client); err != nil || !slices.Equal(names, want) {
			t.Errorf("off %q, %v; want %q", names, err, want)
		}
	}
	if note("killed") != "" || note("orphan") != "true" || note("going") != front.heed {
		t.Errorf("killed %q, orphan %q, going %q", note("killed"), note("orphan"), note("going"))
	}
	if err := cluster.Client.Get(t.Context(), client.ObjectKeyFromObject(going), going); err != nil {
		t.Fatal(err)
	}
	going.Finalizers = nil
	if err := cluster.Client.Update(t.Context(), going); err != nil {
		t.Fatal(err)
	}
}

// A copy that was written after it was noted is looked at again, and deleted with its note.
func TestDownDeletesACopyOnlyWithItsNote(t *testing.T) {
	cluster := kubetest.Start(t)
	ns := cluster.Namespace(t)
	p := &fleetv1.Propagation{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "front", Finalizers: []string{"test.ringspan.io/stays"}}, Spec: configMap("front", fleetv1.DeletionDelete)}
	if err := cluster.Client.Create(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	ups := 0
	between := interceptor.NewClient(watching(t, cluster), interceptor.Funcs{Delete: func(ctx context.Context, c client.WithWatch, o client.Object, options ...client.DeleteOption) error {
		if ups++; ups == 1 {
			if _, err := unnoteAll(ctx, c); err != nil {
				t.Error(err)
			}
		}
		return c.Delete(ctx, o, options...)
	}})
	front := shared(region.Region{Name: "west", Client: between}, p.DeepCopy(), nil)
	front.heed = downNote + "region central has it so: spec.deletionPolicy is Orphan"
	if err := front.end(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := cluster.Client.Get(t.Context(), client.ObjectKeyFromObject(p), p); err != nil {
		t.Fatal(err)
	}
	if p.DeletionTimestamp == nil || p.Annotations[fleetv1.PropagationOrphanAnnotation] != front.heed {
		t.Errorf("deleted %v, with the note %q", p.DeletionTimestamp, p.Annotations[fleetv1.PropagationOrphanAnnotation])
	}
	p.Finalizers = nil
	if err := cluster.Client.Update(t.Context(), p); err != nil {
		t.Fatal(err)
	}
}

// watching is a client of an administrator that calls can be held up in.
func watching(t *testing.T, cluster *kubetest.Cluster) client.WithWatch {
	t.Helper()
	c, err := client.NewWithWatch(cluster.Admin, client.Options{Scheme: cluster.Scheme})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func configMap(name string, policy fleetv1.DeletionPolicy) fleetv1.PropagationSpec {
	return fleetv1.PropagationSpec{ServiceAccountName: "deployer", Placement: fleetv1.Placement{RegionSelector: &metav1.LabelSelector{}}, DeletionPolicy: policy,
		Template: map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": name}, "data": map[string]any{"a": "b"}}}
}

// Propagations and tasks end while the operator runs, each object as its Propagation says; a second run finds nothing to do.
func TestDownEndsWhatOnlyOperatorsCanEnd(t *testing.T) {
	cluster := kubetest.Start(t)
	ns := cluster.Namespace(t)
	create := func(o client.Object) {
		t.Helper()
		if err := cluster.Client.Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	give := func(name string, rule rbacv1.PolicyRule, to rbacv1.Subject) {
		t.Helper()
		of := metav1.ObjectMeta{Namespace: ns, Name: name}
		create(&rbacv1.Role{ObjectMeta: of, Rules: []rbacv1.PolicyRule{rule}})
		create(&rbacv1.RoleBinding{ObjectMeta: of, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: name}, Subjects: []rbacv1.Subject{to}})
	}
	give("deployer", rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: []string{"get", "create", "patch", "delete"}},
		rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: ns, Name: "deployer"})
	give("as-deployer", rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"serviceaccounts"}, ResourceNames: []string{"deployer"}, Verbs: []string{"impersonate"}},
		rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: install.Namespace, Name: install.OperatorName})
	operate(t, cluster)

	create(&fleetv1.Propagation{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "front"}, Spec: configMap("front", fleetv1.DeletionDelete)})
	create(&fleetv1.Propagation{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "kept"}, Spec: configMap("kept", fleetv1.DeletionOrphan)})
	task := &control.K8ssandraTask{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "rebuild"}}
	task.Spec.Cluster.Name = "ring"
	task.Spec.Template.Jobs = []control.CassandraJob{{Name: "rebuild", Command: "rebuild"}}
	create(task)
	for _, name := range []string{"front", "kept"} {
		await(t, "Propagation "+name, func() bool {
			p := &fleetv1.Propagation{}
			return cluster.Client.Get(t.Context(), client.ObjectKey{Namespace: ns, Name: name}, p) == nil && len(p.Status.Managed) == 1 && p.Status.Managed[0].UID != ""
		})
	}
	await(t, "the task's finalizer", func() bool {
		return cluster.Client.Get(t.Context(), client.ObjectKeyFromObject(task), task) == nil && len(task.Finalizers) > 0
	})

	var lines []string
	d := &ExistingDown{Regions: []region.Region{{Name: "west", Config: cluster.Admin, Client: cluster.Client}}, Tell: func(line string) { lines = append(lines, line) }}
	for range 2 {
		h, err := hold(t.Context(), d.Regions)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.removeShared(t.Context(), h); err != nil {
			t.Fatalf("%v\n%s", err, strings.Join(lines, "\n"))
		}
	}
	told := slices.DeleteFunc(lines, func(line string) bool {
		return !strings.HasPrefix(line, "Deleting") && !strings.Contains(line, "ConfigMap")
	})
	want := []string{"west: Propagation " + ns + "/front: ConfigMap " + ns + "/front is deleted.", "west: Propagation " + ns + "/kept: ConfigMap " + ns + "/kept stays: spec.deletionPolicy is Orphan.",
		"Deleting Propagations " + ns + "/front, " + ns + "/kept.", "Deleting K8ssandraTasks " + ns + "/rebuild."}
	for _, line := range want {
		if !slices.Contains(told, line) {
			t.Errorf("%s was not told, but\n%s", line, strings.Join(told, "\n"))
		}
	}
	var left corev1.ConfigMapList
	if err := cluster.Client.List(t.Context(), &left, client.InNamespace(ns)); err != nil {
		t.Fatal(err)
	}
	for i := range left.Items {
		if o := &left.Items[i]; o.Name != "kept" || o.Labels[fleetv1.ManagedLabel] != "" {
			t.Errorf("left is ConfigMap %s, %v", o.Name, o.Labels)
		}
	}
	if len(left.Items) != 1 {
		t.Errorf("%d ConfigMaps are left", len(left.Items))
	}
}

// operate runs a region's operator with the shipped rights, until the test ends.
func operate(t *testing.T, cluster *kubetest.Cluster) {
	t.Helper()
	m, err := operator.NewManager(cluster.OperatorItself(t), operator.Options{Region: "west", Namespace: install.Namespace}, ctrl.Options{Metrics: server.Options{BindAddress: "0"}, HealthProbeBindAddress: "0"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- m.Start(ctx) }()
	t.Cleanup(func() {
		end()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(time.Minute)
	for !holds() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("waiting for %s", what)
		}
	}
}
