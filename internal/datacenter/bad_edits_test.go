package datacenter_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
)

// badEdit is an edit with which a pod that is made anew doesn't come up, and what becomes of that.
type badEdit struct {
	kind string
	edit func(r *region)
	ails ailment
}

func limits(name corev1.ResourceName, amount string) func(*region) {
	return func(r *region) {
		r.dc.Spec.Resources.Requests = corev1.ResourceList{name: resource.MustParse(amount)}
		r.dc.Spec.Resources.Limits = corev1.ResourceList{name: resource.MustParse(amount)}
	}
}

// podTemplate changes what the user adds to the pods.
func podTemplate(change func(*corev1.PodSpec)) func(*region) {
	return func(r *region) {
		if r.dc.Spec.PodTemplateSpec == nil {
			r.dc.Spec.PodTemplateSpec = &corev1.PodTemplateSpec{}
		}
		change(&r.dc.Spec.PodTemplateSpec.Spec)
	}
}

func jvm(options map[string]any) func(*region) {
	return func(r *region) { r.section("jvm-server-options", func(any) any { return options }) }
}

var badEdits = []badEdit{
	{"a heap larger than the machine", jvm(map[string]any{"max_heap_size": "640G"}), ailment{text: "640G", refuses: "Invalid maximum heap size"}},
	{"an option that the JVM doesn't know", jvm(map[string]any{"additional-jvm-opts": []any{"-XX:NoSuchOption"}}), ailment{text: "NoSuchOption", refuses: "Unrecognized VM option"}},
	{"an image that isn't there", func(r *region) { r.dc.Spec.ServerImage = "nowhere.example/none:none" }, ailment{text: "nowhere.example", waiting: "ErrImagePull"}},
	{"an unknown key", func(r *region) { r.config(map[string]any{"no_such_key": 1}) }, ailment{}},
	{"a value that is none", func(r *region) { r.config(map[string]any{"concurrent_reads": "many"}) }, ailment{text: "many", refuses: "Invalid yaml"}},
	{"more CPU than machines have", limits(corev1.ResourceCPU, "512"), ailment{text: `"512"`, unplaced: "Insufficient cpu"}},
	{"more memory than machines have", limits(corev1.ResourceMemory, "4Ti"), ailment{text: `"4Ti"`, unplaced: "Insufficient memory"}},
	{"a place that no machine is", func(r *region) { r.dc.Spec.NodeAffinityLabels = map[string]string{"zone": "nowhere"} }, ailment{text: "nowhere", unplaced: "didn't match node affinity"}},
	{"a probe that never succeeds", podTemplate(func(s *corev1.PodSpec) {
		s.Containers = []corev1.Container{{Name: "cassandra", ReadinessProbe: &corev1.Probe{ProbeHandler: corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"/bin/false"}}}}}}
	}), ailment{text: "/bin/false", unready: true}},
	{"a container that ends", podTemplate(func(s *corev1.PodSpec) {
		s.InitContainers = []corev1.Container{{Name: "check", Image: "check", Command: []string{"/bin/no"}}}
	}), ailment{text: "/bin/no", waiting: "CrashLoopBackOff"}},
	{"a volume that isn't there", podTemplate(func(s *corev1.PodSpec) {
		s.Volumes = []corev1.Volume{{Name: "more", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "not-there"}}}}
	}), ailment{text: "not-there", unnamed: true}},
	{"a user who may not read the data", podTemplate(func(s *corev1.PodSpec) { s.SecurityContext = &corev1.PodSecurityContext{RunAsUser: new(int64(65533))} }), ailment{text: "65533", refuses: "the data can't be read"}},
	{"a priority that isn't there", podTemplate(func(s *corev1.PodSpec) { s.PriorityClassName = "no-such-priority" }), ailment{text: "no-such-priority", unmade: true}},
	{"a service account that isn't there", func(r *region) { r.dc.Spec.ServiceAccountName = "no-such-account" }, ailment{text: "no-such-account", unmade: true}},
}

// healLimit is how many seconds a roll-back may take in a datacenter of six nodes.
const healLimit = 180

// Whatever a bad edit is, and whenever its configuration goes back, no second node is away because of it, and all is well in less than three
// minutes: nobody has to delete a pod.
func TestABadEditIsHealedByGoingBack(t *testing.T) {
	for _, bad := range badEdits {
		t.Run(bad.kind, func(t *testing.T) {
			times := []int{1, 2, 3, 5, 9, 60} // seconds after the edit
			if testing.Short() {
				times = []int{2, 60}
			}
			for _, after := range times {
				for _, dies := range []bool{false, true} {
					goesBack(t, bad, after, dies)
				}
			}
		})
	}
}

func goesBack(t *testing.T, bad badEdit, after int, dies bool) {
	t.Helper()
	w := newWorld()
	r := w.add("dc1", 6, []string{"r1", "r2", "r3"}, true)
	if !w.settle(300, nil) {
		t.Fatalf("it does not come up:\n%s", w.story())
	}
	good := r.dc.Spec.DeepCopy()
	r.ailments = []ailment{bad.ails}
	if bad.ails.text == "" {
		r.ailments = nil
	}
	bad.edit(r)
	r.dc.Generation++
	for range after {
		second(t, w, r, -1)
	}
	if after == 60 && len(r.away()) == 0 {
		t.Fatalf("the edit does no harm:\n%s", w.story())
	}
	if r.dc.Status.ObservedGeneration == r.dc.Generation && after > 1 {
		t.Fatal("the edit counts as carried out")
	}
	good.DeepCopyInto(&r.dc.Spec)
	r.dc.Generation++
	for i := range healLimit {
		step := -1
		if dies && i%5 == 0 {
			step = i / 5 % 3
		}
		second(t, w, r, step)
		if r.done && r.dc.Status.ObservedGeneration == r.dc.Generation && len(r.away()) == 0 && r.dc.Status.IsTrue(api.DatacenterReady) && r.dc.Status.IsTrue(api.DatacenterHealthy) {
			return
		}
	}
	t.Fatalf("%d seconds after the edit, it is not healed within %d seconds: %v are away\n%s\n%s", after, healLimit, r.away(), fmt.Sprint(r.dc.Status.Conditions), w.story())
}

// second lets a second pass, in which the operator makes one pass, or ends after some of its steps, and wants all nodes but one to serve.
func second(t *testing.T, w *world, r *region, dies int) {
	t.Helper()
	r.pass(dies)
	w.tick()
	if away := r.away(); len(away) > 1 {
		t.Fatalf("%v are away at once:\n%s", away, w.story())
	}
	if broken := w.check(); broken != "" {
		t.Fatal(broken)
	}
}

// away are the pods that don't serve.
func (r *region) away() (names []string) {
	for _, name := range slices.Sorted(maps.Keys(r.nodes)) {
		if pod := r.pods[name]; pod == nil || !ready(pod) || pod.DeletionTimestamp != nil {
			names = append(names, name)
		}
	}
	return names
}
