package datacenter_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	corev1 "k8s.io/api/core/v1"
	"pgregory.net/rapid"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// Whatever happens, and whenever the operators die: no node is taken down while
// another one can't be reached, no member comes back without its data under its old name,
// the default login never works, no host id is doubled; and
// when it is over there is one ring, all is as asked, and nothing is done any
// more.
func TestAnyStoryEndsWell(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		racks := []string{"r1", "r2", "r3"}[:rapid.IntRange(1, 3).Draw(t, "racks")]
		for i := range rapid.IntRange(1, 3).Draw(t, "datacenters") {
			w.add(fmt.Sprintf("dc%d", i+1), len(racks)*rapid.IntRange(1, 3).Draw(t, "nodes a rack"), racks, rapid.Bool().Draw(t, "auth"))
		}
		same(w)
		for range rapid.IntRange(0, 60).Draw(t, "length") {
			w.anything(t)
			if broken := w.check(); broken != "" {
				t.Fatal(broken)
			}
		}
		w.mustEndWell(t)
	})
}

// mustEndWell mends what is broken and lets everything come to rest.
func (w *world) mustEndWell(t *rapid.T) {
	w.mend()
	ended := w.settle(400, nil)
	for range 2 {
		w.hintsArrive()
		enough, forgot, deleted := w.enoughNodes(), w.forgetFormer(), w.deletePods()
		if ended = w.settle(400, nil); !enough && !forgot && !deleted {
			break
		}
	}
	if !ended {
		t.Fatalf("it does not end:\n%s", w.story())
	}
	w.repairLostHints(t)
	w.mustBeWell(t)
}

// hintsArrive lets as much time pass as nodes wait for after datacenters were apart, with operators that look meanwhile.
func (w *world) hintsArrive() {
	for range 8 {
		w.settle(5, nil)
		w.now = w.now.Add(9 * time.Minute)
	}
}

// same makes all datacenters use authentication or none, as a ring does.
func same(w *world) {
	for _, r := range w.regions[1:] {
		r.dc.Spec.Config, r.dc.Spec.SuperuserSecretName = w.regions[0].dc.Spec.Config, w.regions[0].dc.Spec.SuperuserSecretName
		r.secrets, r.version = maps.Clone(w.regions[0].secrets), maps.Clone(w.regions[0].version)
	}
}

// anything is a pass of an operator, a second of the world, or an accident.
func (w *world) anything(t *rapid.T) {
	r := w.regions[rapid.IntRange(0, len(w.regions)-1).Draw(t, "region")]
	names := slices.Sorted(maps.Keys(r.pods))
	pod := ""
	if len(names) > 0 {
		pod = rapid.SampledFrom(names).Draw(t, "pod")
	}
	what := rapid.SampledFrom([]string{
		"pass", "pass", "pass", "pass", "tick", "tick", "tick", "round", "round", "round",
		"die", "lose", "crash", "unreachable", "reachable", "config", "bad config", "good config",
		"cut", "heal", "hold", "release", "write", "stop", "resume", "restart", "restart task", "password", "no secret", "secret", "grow", "shrink", "shrink", "lose volume", "lose volume",
		"larger volumes", "larger volumes", "resizer", "pace", "pace", "lose claim", "hang", "later",
		"configuration in a Secret", "no configuration in a Secret", "configuration of single nodes", "no configuration of single nodes",
	}).Draw(t, "what")
	switch what {
	case "lose volume":
		// testdata/lost_volume_boot.txt has one of a first boot. A node that is down has an address here that gossip has
		// not heard of: the replacement would name another address.
		if n := r.nodes[pod]; r.dc.Status.IsTrue(api.DatacenterInitialized) && n != nil && n.Up() {
			r.loseVolume(pod)
		}
	case "hang":
		if n := r.nodes[pod]; n != nil {
			n.Hang()
		}
	case "later":
		w.now = w.now.Add(11 * time.Minute)
	case "lose claim":
		if r.dc.Status.IsTrue(api.DatacenterInitialized) {
			r.loseClaim(pod)
		}
	default:
		if !w.goesOn(t, r, pod, what, 20) {
			r.wish(t, what)
		}
	}
}

// goesOn is what happens in each property: operators that act, or die at it, some rounds at most, and accidents of a pod.
func (w *world) goesOn(t *rapid.T, r *region, pod, what string, rounds int) (known bool) {
	switch what {
	case "pass":
		r.pass(-1)
	case "die":
		r.pass(rapid.IntRange(0, 4).Draw(t, "after"))
	case "forget":
		r.forget()
	case "tick":
		w.tick()
	case "round":
		w.settle(rapid.IntRange(1, rounds).Draw(t, "rounds"), nil)
	case "lose":
		r.kill(pod)
	case "crash", "unreachable", "reachable":
		w.node(r, pod, what)
	default:
		return false
	}
	return true
}

func (w *world) node(r *region, pod, what string) {
	n := r.nodes[pod]
	switch {
	case n == nil:
	case what == "crash":
		n.Crash("the JVM ended: signal: killed")
	default:
		n.Unreachable(what == "unreachable")
	}
}

func (r *region) wish(t *rapid.T, what string) {
	switch what {
	case "config":
		r.config(map[string]any{"concurrent_reads": rapid.IntRange(1, 3).Draw(t, "reads")})
	case "bad config":
		r.config(map[string]any{"no_such_key": true})
	case "good config":
		r.config(map[string]any{"no_such_key": nil})
	case "cut":
		r.cassie.Cut("dc1", "dc2")
		r.setAway(true)
	case "heal":
		r.cassie.Heal("dc1", "dc2")
		r.setAway(false)
	case "hold", "release":
		r.held = what == "hold"
	case "write":
		r.write()
	case "stop", "resume":
		r.dc.Spec.Stopped = what == "stop"
	case "restart task":
		r.restartTask(&datadriven.TestData{Cmd: "restart-task"})
	case "restart":
		r.dc.Spec.RollingRestartRequested = true
	case "password", "secret":
		r.secret("admin", map[string]string{"username": "admin", "password": "secret"})
	case "grow":
		r.resize(int(r.dc.Spec.Size) + len(r.dc.Spec.Racks))
	case "shrink":
		r.resize(max(len(r.dc.Spec.Racks), int(r.dc.Spec.Size)-rapid.IntRange(1, 3).Draw(t, "nodes")))
	case "no secret":
		delete(r.secrets, "admin")
	case "configuration in a Secret": // as it is in the spec, or what can't be read
		r.dc.Spec.ConfigSecret = "config"
		r.secret("config", map[string]string{"config": rapid.SampledFrom([]string{string(r.dc.Spec.Config), "rubbish"}).Draw(t, "config")})
	case "no configuration in a Secret":
		delete(r.secrets, "config")
	case "configuration of single nodes":
		r.annotate(api.PerNodeConfigAnnotation, "tuned")
		r.perNode = &corev1.ConfigMap{Data: map[string]string{}}
		for name := range r.pods {
			r.perNode.Data[name+"_cassandra.yaml"] = "concurrent_reads: " + rapid.SampledFrom([]string{"1", "2", "3", "["}).Draw(t, "reads")
		}
	case "no configuration of single nodes":
		r.perNode = nil
	case "larger volumes":
		r.larger++
		r.setStorage(fmt.Sprintf("%dGi", r.larger))
		r.annotate(api.AllowStorageChangesAnnotation, "true")
	case "pace":
		r.pace(t)
	case "resizer":
		r.resizer = rapid.SampledFrom([]string{"", "slow", "fails", "pending"}).Draw(t, "resizer")
	}
}

// pace changes how fast nodes are restarted, and how many start together.
func (r *region) pace(t *rapid.T) {
	r.setPace("minReadySeconds", rapid.SampledFrom([]string{"0", "3"}).Draw(t, "seconds"))
	r.setPace("maxUnavailable", rapid.SampledFrom([]string{"none", "0", "2", "3", "70%"}).Draw(t, "away"))
	r.setPace("canaryUpgrade", rapid.SampledFrom([]string{"true", "false"}).Draw(t, "canary"))
	r.setPace("canaryUpgradeCount", rapid.SampledFrom([]string{"0", "1", "2"}).Draw(t, "canaries"))
	r.dc.Generation++
	r.annotate(api.AllowParallelStartsAnnotation, rapid.SampledFrom([]string{"true", "false"}).Draw(t, "parallel"))
}

func (w *world) setAway(yes bool) {
	for _, r := range w.regions {
		if yes && !r.cutOff {
			r.cutSince = w.now
		}
		r.cutOff = yes
	}
}

// giveWord lets every lost node start, whatever is lost with it.
func (r *region) giveWord() {
	r.annotate(datacenter.StartEmptyAnnotation, strings.Join(slices.Sorted(maps.Keys(r.nodes)), ","))
}

// mend ends all faults and leaves only wishes that can be fulfilled.
func (w *world) mend() {
	w.cassie.Heal("dc1", "dc2")
	w.setAway(false)
	for _, r := range w.regions {
		r.held, r.resizer, r.lagging = false, "", false
		r.keepARack()
		clear(r.unplaced)
		for _, n := range r.nodes {
			n.Unreachable(false)
			n.StallStreams(false)
			n.FailDecommission("")
		}
		r.dc.Spec.Stopped, r.dc.Spec.CanaryUpgrade = false, false
		r.giveWord()
		r.config(map[string]any{"no_such_key": nil})
		r.secret("config", map[string]string{"config": string(r.dc.Spec.Config)})
		r.perNode = &corev1.ConfigMap{}
		r.secret("admin", map[string]string{"username": "admin", "password": "secret"})
	}
}

// forgetFormer is nodetool removenode of the members that a plan asks a person to
// remove, and of those that a datacenter had before it began the ring anew: nodes of
// other datacenters that were on their way then still know them. Nobody else's are
// removed. One that is asked for may have its volume yet: it joined in the first boot, and a
// stop and a smaller size came before anybody had seen that.
func (w *world) forgetFormer() (some bool) {
	asked := w.story()
	for _, r := range w.regions {
		for name, n := range r.nodes {
			if id := n.HostID(); r.pods[name] == nil && id != "" && strings.Contains(asked, "nodetool removenode "+id) {
				n.Remove()
				delete(r.nodes, name)
				some = true
			}
			for former := n.Former(); former != nil; former = former.Former() {
				if id := former.HostID(); r.anew || id != "" && strings.Contains(asked, "nodetool removenode "+id) {
					former.Remove()
					some = true
				}
			}
		}
	}
	return some
}

// enoughNodes sets sizes back that are refused: the system keyspaces have more replicas than nodes would be left.
func (w *world) enoughNodes() (some bool) {
	for _, r := range w.regions {
		if valid := r.dc.Status.Condition(api.DatacenterValid); valid != nil && valid.Reason == api.ReasonTooManyReplicas {
			r.resize(3)
			some = true
		}
	}
	return some
}

// deletePods is kubectl delete of the pods that a plan names so: of nodes that can't leave, while another one can't be replaced
// because they are leaving.
func (w *world) deletePods() (some bool) {
	asked := w.story()
	for _, r := range w.regions {
		for name := range r.pods {
			if strings.Contains(asked, "delete pod "+name) {
				r.kill(name)
				some = true
			}
		}
	}
	return some
}

// repairLostHints is what docs/guide/lost-data.md asks of a person after a
// replacement. It isn't done for any other reason, or where it would hide one: a
// datacenter that lacks rows because it was never rebuilt must still be seen.
func (w *world) repairLostHints(t *rapid.T) {
	if slices.ContainsFunc(w.regions, func(r *region) bool { return w.cassie.Misses(clientsWrote, r.dc.Name) }) {
		return
	}
	for _, r := range w.regions {
		if !w.cassie.LostHints(clientsWrote, r.dc.Name) {
			continue
		}
		name := slices.Sorted(maps.Keys(r.nodes))[0]
		if _, err := r.nodes[name].Repair(t.Context(), mgmtapi.RepairOptions{Keyspace: "system_auth", Full: true}); err != nil {
			t.Fatal(err)
		}
		w.cassie.Advance()
	}
}

func (w *world) mustBeWell(t *rapid.T) {
	if broken := w.check(); broken != "" {
		t.Fatal(broken)
	}
	if n := w.cassie.Rings(); n != 1 {
		t.Fatalf("there are %d rings", n)
	}
	for _, r := range w.regions {
		for name, n := range r.nodes {
			view, err := n.Endpoints(t.Context())
			for _, e := range view {
				if !e.Alive && w.members[e.HostID] {
					t.Fatalf("%s has a dead member: %+v, %v", name, e, err)
				}
			}
		}
	}
	writes := len(w.cassie.Writes())
	for _, r := range w.regions {
		if plan := r.pass(-1); len(plan.Steps) > 0 || !plan.Done {
			t.Fatalf("%s is never at rest: %s", r.dc.Name, plan)
		}
		if len(r.pods) != int(r.dc.Spec.Size) || len(r.sets) != len(r.dc.RackNames()) || !r.dc.Status.IsTrue(api.DatacenterReady) || !r.dc.Status.IsTrue(api.DatacenterInitialized) || r.dc.Status.IsTrue(api.DatacenterUpdating) || r.dc.Status.IsTrue(api.DatacenterRollingRestart) {
			t.Fatalf("%s is not as asked:\n%s", r.dc.Name, r.status())
		}
		if smaller := r.smallerVolumes(); smaller != "" {
			t.Fatal(smaller)
		}
		for name, n := range r.nodes {
			if r.pods[name] == nil && n.HostID() == "" { // the volume of one that was never a member
				continue
			}
			if n.Left() {
				t.Fatalf("%s has left the ring and is still there", name)
			}
			if id := r.dc.Status.NodeStatuses[name].HostID; id != n.HostID() || id == "" {
				t.Fatalf("the status says that %s is %q, and it is %q", name, id, n.HostID())
			}
			if r.dc.Spec.SuperuserSecretName != "" && !n.Login("admin", "secret") {
				t.Fatalf("admin can't log in at %s", name)
			}
			if w.cassie.HasRole(clientsWrote) && !n.Login(clientsWrote, "p") {
				t.Fatalf("%s lacks what a client wrote", name)
			}
		}
	}
	if n := len(w.cassie.Writes()); n != writes {
		t.Fatalf("%d calls were made although all was well", n-writes)
	}
}

// story is where things stand.
func (w *world) story() string {
	var b strings.Builder
	for _, r := range w.regions {
		fmt.Fprintf(&b, "%s plan:\n%s\n%s\n", r.dc.Name, r.pass(-1), r.status())
	}
	return b.String()
}
