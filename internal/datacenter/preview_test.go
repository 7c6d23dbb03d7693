package datacenter_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
	"pgregory.net/rapid"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/preview"
)

// refusedByCassandra is the edit with which no node starts, which only Cassandra knows.
const refusedByCassandra = "bad configuration"

// edits are what people change in a datacenter, by what it is about.
func edits() map[string]func(t *rapid.T, r *region) {
	return map[string]func(t *rapid.T, r *region){
		"configuration": func(t *rapid.T, r *region) {
			r.config(map[string]any{"concurrent_reads": rapid.IntRange(1, 64).Draw(t, "reads")})
		},
		refusedByCassandra: func(_ *rapid.T, r *region) { r.config(map[string]any{"no_such_key": true}) },
		"nothing":          func(*rapid.T, *region) {},
		"heap": func(t *rapid.T, r *region) {
			r.section("jvm-server-options", func(any) any {
				return map[string]any{"max_heap_size": fmt.Sprintf("%dM", rapid.IntRange(1, 9).Draw(t, "heap")*256)}
			})
		},
		"image": func(t *rapid.T, r *region) {
			r.dc.Spec.ServerImage = "cassandra:" + rapid.SampledFrom([]string{"a", "b"}).Draw(t, "image")
		},
		"resources": func(t *rapid.T, r *region) {
			r.dc.Spec.Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: *resource.NewQuantity(int64(rapid.IntRange(1, 3).Draw(t, "CPUs")), resource.DecimalSI)}
		},
		"tolerations": func(_ *rapid.T, r *region) { r.dc.Spec.Tolerations = []corev1.Toleration{{Key: "dedicated"}} },
		"one rack": func(t *rapid.T, r *region) {
			rack := rapid.IntRange(0, len(r.dc.Spec.Racks)-1).Draw(t, "rack")
			r.dc.Spec.Racks[rack].NodeAffinityLabels = map[string]string{"disk": "fast"}
		},
		"logger":          func(_ *rapid.T, r *region) { r.dc.Spec.DisableSystemLoggerSidecar = true },
		"service account": func(_ *rapid.T, r *region) { r.dc.Spec.ServiceAccountName = "another" },
		"restart":         func(_ *rapid.T, r *region) { r.dc.Spec.RollingRestartRequested = true },
		"seeds elsewhere": func(_ *rapid.T, r *region) { r.dc.Spec.AdditionalSeeds = []string{"10.9.9.9"} },
		"Service": func(_ *rapid.T, r *region) {
			r.dc.Spec.AdditionalServiceConfig.DatacenterService.Labels = map[string]string{"a": "b"}
		},
		"pod template": func(_ *rapid.T, r *region) {
			r.dc.Spec.PodTemplateSpec = &corev1.PodTemplateSpec{Spec: corev1.PodSpec{PriorityClassName: "high"}}
		},
		"labels of pods": func(_ *rapid.T, r *region) { r.dc.Spec.AdditionalLabels = map[string]string{"team": "blue"} },
		"pace": func(t *rapid.T, r *region) {
			r.dc.Spec.MinReadySeconds = new(int32(rapid.IntRange(1, 6).Draw(t, "seconds")))
		},
		"stop":        func(_ *rapid.T, r *region) { r.dc.Spec.Stopped = true },
		"more nodes":  func(_ *rapid.T, r *region) { r.resize(int(r.dc.Spec.Size) + 1) },
		"fewer nodes": func(_ *rapid.T, r *region) { r.resize(max(len(r.dc.Spec.Racks), int(r.dc.Spec.Size)-1)) },
		"another rack": func(_ *rapid.T, r *region) {
			r.dc.Spec.Racks = append(r.dc.Spec.Racks, api.Rack{Name: "r9"})
			r.resize(int(r.dc.Spec.Size) + 1)
		},
		"fewer racks":   func(_ *rapid.T, r *region) { r.dc.Spec.Racks = r.dc.Spec.Racks[:max(1, len(r.dc.Spec.Racks)-1)] },
		"a rack let go": func(_ *rapid.T, r *region) { r.takeOut(r.dc.RackNames()[:max(1, len(r.dc.Spec.Racks)-1)]) },
		"larger volumes": func(_ *rapid.T, r *region) {
			r.setStorage("9Gi")
			r.annotate(api.AllowStorageChangesAnnotation, "true")
		},
		"volumes unasked": func(_ *rapid.T, r *region) { r.setStorage("9Gi") },
		"canary": func(_ *rapid.T, r *region) {
			r.dc.Spec.CanaryUpgrade, r.dc.Spec.CanaryUpgradeCount = true, 1
			r.config(map[string]any{"concurrent_reads": 65})
		},
		"several at once": func(_ *rapid.T, r *region) {
			r.dc.Spec.MaxUnavailable = new(intstr.FromInt32(2))
			r.config(map[string]any{"concurrent_reads": 66})
		},
		"update allowed": func(_ *rapid.T, r *region) { r.annotate(api.UpdateAllowedAnnotation, api.UpdateAllowedOnce) },
		"forced racks":   func(_ *rapid.T, r *region) { r.dc.Spec.ForceUpgradeRacks = []string{r.dc.Spec.Racks[0].Name} },
		"management API": func(_ *rapid.T, r *region) {
			r.dc.Spec.ManagementApiAuth.Insecure = &api.ManagementApiAuthInsecureConfig{}
		},
	}
}

// accidents are what has happened to a ring before it is edited.
func (r *region) accident(t *rapid.T) {
	names := []string{}
	for name := range r.pods {
		names = append(names, name)
	}
	slices.Sort(names)
	if len(names) == 0 { // it is stopped
		return
	}
	switch rapid.SampledFrom([]string{"none", "none", "none", "a pod was lost", "a volume was lost", "a node crashed", "a change is under way"}).Draw(t, "accident") {
	case "a pod was lost":
		r.kill(rapid.SampledFrom(names).Draw(t, "pod"))
	case "a volume was lost":
		r.loseVolume(rapid.SampledFrom(names).Draw(t, "pod"))
	case "a node crashed":
		pod := rapid.SampledFrom(names).Draw(t, "pod")
		r.nodes[pod].Crash("the JVM ended: signal: killed")
		r.probe(pod) // what becomes of one that nobody has seen yet is a race
	case "a change is under way":
		r.config(map[string]any{"concurrent_writes": 7})
		r.settle(rapid.IntRange(1, 30).Draw(t, "rounds"), nil)
		for range 60 { // what becomes of a node that comes up at this very moment is a race
			if r.allServe() {
				break
			}
			r.settle(1, nil)
		}
	}
}

func (r *region) allServe() bool {
	for _, pod := range r.pods {
		if !ready(pod) || pod.DeletionTimestamp != nil {
			return false
		}
	}
	return true
}

// What is foretold of an edit is what then happens: these pods are restarted, in this order, and these nodes join and leave.
func TestTheForetoldRestartsAreThoseThatHappen(t *testing.T) {
	all := edits()
	var names []string
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	seen := map[string]bool{}
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		racks := []string{"r1", "r2", "r3"}[:rapid.IntRange(1, 3).Draw(t, "racks")]
		r := w.add("dc1", len(racks)*rapid.IntRange(1, 3).Draw(t, "nodes a rack"), racks, rapid.Bool().Draw(t, "auth"))
		if rapid.Bool().Draw(t, "alone") {
			r.standAlone()
		}
		if !w.settle(400, nil) {
			t.Fatalf("it does not boot:\n%s", w.story())
		}
		for range rapid.IntRange(1, 2).Draw(t, "edits") {
			r.accident(t)
			edit := rapid.SampledFrom(names).Draw(t, "edit")
			all[edit](t, r)
			r.dc.Generation++
			seen[edit] = true
			if edit == refusedByCassandra {
				r.mustStopWhereForetold(t)
				return
			}
			r.mustHappenAsForetold(t)
		}
	})
	if !testing.Short() && len(seen) < 20 {
		t.Errorf("only %d kinds of edits were made", len(seen))
	}
}

// The command line doesn't remember what the operator has done, such as which roles it wrote.
func TestWhoRemembersNothingForetellsTheSame(t *testing.T) {
	w := newWorld()
	r := w.add("dc1", 3, []string{"r1", "r2", "r3"}, true)
	if !w.settle(200, nil) {
		t.Fatal(w.story())
	}
	r.config(map[string]any{"concurrent_writes": 9})
	want := preview.Of(r.observe())
	r.forget()
	got := preview.Of(r.observe())
	if diff := cmp.Diff(want, got); diff != "" || got.Unfinished || len(got.Restarts()) != 3 {
		t.Errorf("by the operator (-) and by who remembers nothing (+):\n%s\n%+v", diff, got)
	}
}

// A node that somebody wants replaced is foretold to take its own place, and nothing else.
func TestAReplacementIsForetold(t *testing.T) {
	w := newWorld()
	r := w.add("dc1", 3, []string{"r1", "r2", "r3"}, false)
	if !w.settle(200, nil) {
		t.Fatal(w.story())
	}
	for _, pod := range []string{"multi-region-dc1-r1-sts-0", "multi-region-dc1-r3-sts-0"} {
		r.dc.Spec.ReplaceNodes = []string{pod}
		got := preview.Of(r.observe())
		if len(got.Events) != 1 || got.Events[0].Kind != preview.Replace || got.Events[0].Target != pod || got.Unfinished || len(got.Waits) > 0 {
			t.Errorf("%s: %+v", pod, got)
		}
	}
	r.dc.Spec.ReplaceNodes = []string{"nobody"}
	if got := preview.Of(r.observe()); len(got.Events) > 0 || len(got.Refused) != 1 || got.Unfinished {
		t.Errorf("%+v", got)
	}
}

func (r *region) mustHappenAsForetold(t *rapid.T) {
	foretold := r.foretell()
	got, ended := r.happened(500)
	if diff := cmp.Diff(inOrder(compared(foretold, ended)), inOrder(got), cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("foretold (-) and what happened (+), the end reached: %t:\n%s\n%s\n%+v", ended, diff, r.story(), foretold)
	}
}

// mustStopWhereForetold: nodes are restarted as was foretold, until one fails.
func (r *region) mustStopWhereForetold(t *rapid.T) {
	foretold := compared(r.foretell(), true)
	got, _ := r.happened(60)
	if len(got) > len(foretold) || !slices.Equal(got, foretold[:len(got)]) {
		t.Fatalf("foretold were %v, and it came to %v:\n%s", foretold, got, r.story())
	}
}

func (r *region) foretell() preview.Preview {
	r.ringPass()
	return preview.Of(r.observe())
}

// compared are the events that are, without those that follow only when somebody mends what the operator is stuck at.
func compared(p preview.Preview, all bool) (events []string) {
	for _, e := range p.Events {
		if told[e.Kind] && (all || !e.OnceMended) {
			events = append(events, string(e.Kind)+" "+e.Target)
		}
	}
	return events
}

// inOrder has first what happens to nodes, in its order, then what happens to volumes and StatefulSets beside it.
func inOrder(events []string) []string {
	beside := func(event string) bool {
		return strings.HasPrefix(event, "grow ") || strings.HasPrefix(event, "remake ")
	}
	nodes, others := slices.DeleteFunc(slices.Clone(events), beside), []string{}
	for _, event := range events {
		if beside(event) {
			others = append(others, event)
		}
	}
	slices.Sort(others)
	return append(nodes, others...)
}

// happened is what the operator does until nothing is left to do. Its own steps, and those of Kubernetes, take no time beside what
// nodes take to start: it passes until it has nothing to do, and then a second of the world passes. What becomes of a node that
// comes up between two passes would be a race.
func (r *region) happened(rounds int) (events []string, ended bool) {
	calm := 0
	for range rounds {
		for range 6 {
			before := r.dc.DeepCopy()
			plan := r.pass(-1)
			r.makeAllPods()
			for _, step := range plan.Steps {
				if event := r.event(before, step); event != "" {
					events = append(events, event)
				}
			}
			if len(plan.Steps) == 0 && equality.Semantic.DeepEqual(before, r.dc) {
				break
			}
		}
		calm = r.calmAfterTick(calm, r.done)
		if calm == 2 {
			return events, true
		}
	}
	return events, false
}

// makeAllPods lets the controller of StatefulSets follow at once.
func (r *region) makeAllPods() {
	r.endPods()
	r.endSets()
	for _, rack := range slices.Sorted(maps.Keys(r.sets)) {
		r.makePods(r.sets[rack], rack)
	}
}

// told are the kinds of events that are compared.
var told = map[preview.Kind]bool{preview.Restart: true, preview.Leave: true, preview.Join: true, preview.Grow: true, preview.Remake: true}

// event is a step as the foretold events name it, "" of one that isn't compared.
func (r *region) event(before *api.CassandraDatacenter, step datacenter.Step) string {
	switch step.Verb {
	case datacenter.Restart, datacenter.DeletePod:
		return "restart " + step.Target
	case datacenter.Decommission:
		return "leave " + step.Target
	case datacenter.Grow:
		return "grow " + step.Target
	case datacenter.Remake:
		return "remake " + step.Target
	case datacenter.Start:
		if before.Status.NodeStatuses[step.Target].HostID == "" {
			return "join " + step.Target
		}
	}
	return ""
}
