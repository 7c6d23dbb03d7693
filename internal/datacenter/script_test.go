package datacenter_test

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/topology"
	"github.com/ringspan/ringspan/internal/version"
)

// Each file of testdata plays what happens to a ring, and shows every plan that
// differs from the one before.
func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		if strings.Contains(path, "rapid") { // histories that a property failed with
			return
		}
		w := newWorld()
		was := version.Version
		t.Cleanup(func() { version.Version = was })
		version.Version = "v1"
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			out := w.command(t, d)
			if broken := w.check(); broken != "" {
				t.Errorf("%s: %s", d.Pos, broken)
			}
			return out
		})
	})
}

func (w *world) command(t *testing.T, d *datadriven.TestData) string {
	arg := func(name string) (v string) { d.MaybeScanArgs(t, name, &v); return v }
	r := w.regionNamed(arg("dc"))
	switch d.Cmd {
	case "datacenter":
		return w.newRegion(t, d)
	case "stand-alone":
		r.standAlone()
	case "run":
		if out := w.run(arg("rounds")); !d.HasArg("quiet") {
			return out
		}
	case "dying": // each operator dies in each pass, after none, one or two of its steps
		for i := range 60 {
			for _, r := range w.regions {
				r.pass(i % 3)
			}
			w.tick()
		}
	case "dies": // in its next pass, after so many of its steps
		var after int
		d.ScanArgs(t, "after", &after)
		plan := r.pass(after)
		w.tick()
		return short(plan.String(), true)
	case "holds":
		return w.holds(arg("name"))
	case "status":
		return r.status()
	case "generation":
		return fmt.Sprintf("%d, seen %d, done %d\n", r.dc.Generation, r.dc.Status.SeenGeneration, r.dc.Status.ObservedGeneration)
	case "roll": // how far a change of the nodes has come, by each number of rounds
		return w.progress(r)
	case "superuser-logins":
		return w.logins()
	case "cql-password": // a person's, of the superuser
		node := r.nodes[slices.Sorted(maps.Keys(r.nodes))[0]]
		if err := node.PutRole(t.Context(), mgmtapi.Role{Name: arg("username"), Password: arg("password"), Login: true, Superuser: true}); err != nil {
			t.Fatal(err)
		}
	case "lose-hints":
		w.cassie.LoseHints()
	case "annotations":
		return r.annotations()
	case "config":
		keys := map[string]any{}
		for line := range strings.SplitSeq(d.Input, "\n") {
			name, value, given := strings.Cut(line, ": ")
			if keys[name] = value; !given {
				keys[name] = nil
			}
		}
		r.config(keys)
	case "keyspace":
		return r.keyspace(t, arg("name"), arg("replicas"))
	case "simple-keyspace": // of a user's, as the first example of every tutorial makes it
		r.nodes[slices.Sorted(maps.Keys(r.nodes))[0]].CreateSpread(arg("name"), 1)
	case "secret":
		r.setSecret(arg("name"), arg("username"), arg("password"))
	case "consent": // to what waits for it
		on := api.ConsentToAnnotation
		if d.HasArg("ring") { // as the ring's controller writes it
			on = api.RingConsentToAnnotation
		}
		r.annotate(on, datacenter.Make(r.observe()).Consent)
	case "siblings", "rings", "foreign-ring", "foreign-keyspace", "foreign-member", "foreign-replication", "foreign-role", "foreign-volume", "joins", "foreign-seed", "unaware", "aware", "seed-service-of":
		return w.joinHappens(t, d)
	default:
		return r.happens(t, d, arg("pod"))
	}
	return ""
}

// keyspace makes one of a user's, and shows the replication of one that is there.
func (r *region) keyspace(t *testing.T, name, replicas string) string {
	node := r.nodes[slices.Sorted(maps.Keys(r.nodes))[0]]
	if replicas == "" {
		factors, err := node.Replication(t.Context(), name)
		return fmt.Sprintln(factors, err)
	}
	factor, err := strconv.Atoi(replicas)
	if err == nil {
		err = node.CreateKeyspace(t.Context(), name, map[string]int{r.dc.Name: factor})
	}
	if err != nil {
		t.Fatal(err)
	}
	return ""
}

func argument(t *testing.T, d *datadriven.TestData, name string) (v string) {
	d.ScanArgs(t, name, &v)
	return v
}

// happens are faults, and what users ask for.
func (r *region) happens(t *testing.T, d *datadriven.TestData, pod string) string {
	switch d.Cmd {
	case "later", "agents", "former-version", "foreign-secret", "management":
		return r.managementHappens(t, d)
	case "lose":
		r.kill(pod)
	case "config-secret", "configurations", "per-node":
		return r.configHappens(t, d)
	case "load", "free", "stall-streams", "let-streams", "fail-decommission", "decommission", "delete-claim", "task", "leave-unsaid", "leave-unheard", "note-unheard",
		"assassinate", "rolled", "keep-hints", "unplaced", "placed":
		r.leaverHappens(t, d, pod)
	case "replace-nodes", "replace-task", "replace-task-ends", "replace-host":
		r.replaceHappens(t, d, pod)
	case "remove", "hold-removal", "put-back", "of-ring":
		r.world.removes(d, r)
	case "lose-volume":
		r.loseVolume(pod)
	case "lose-claim": // its pod waits for it
		r.loseClaim(pod)
	case "lose-stopped": // its pod isn't there
		r.nodes[pod] = r.nodes[pod].LoseVolume("gone-" + pod)
		r.claims[pod]++
		delete(r.storage, datacenter.Claim(pod))
	case "lose-status": // of nodes that run
		r.dc.Status = api.CassandraDatacenterStatus{}
	case "recreate": // the region was lost, and somebody makes its datacenter anew
		r.recreate()
	case "take-up": // the volumes of the earlier ring
		r.takeUp()
	case "rebind": // volumes with the data of an earlier ring, under claims that tell nothing of it
		r.takeUp()
		r.tookUp = false
	case "forget-dead": // nodetool removenode for each dead one
		for _, n := range r.lost {
			n.Remove()
		}
	case "stall", "let-go":
		r.nodes[pod].Hold(d.Cmd == "stall")
	case "claim-deleted":
		r.leaving[pod] = true
	case "removenode":
		r.nodes[pod].Former().Remove()
	case "forget-claims":
		for name, n := range r.dc.Status.NodeStatuses {
			n.ClaimUID = ""
			r.dc.Status.NodeStatuses[name] = n
		}
	case "lose-file":
		r.nodes[pod].LoseFile()
	case "swap-volumes":
		r.nodes[pod].SwapVolumes(r.nodes[argument(t, d, "with")])
	case "crash":
		r.nodes[pod].Crash("the JVM ended: signal: killed")
	case "hang":
		r.nodes[pod].Hang()
	case "die-unproven":
		r.nodes[pod].DieUnproven()
	case "unreachable":
		r.nodes[pod].Unreachable(true)
	case "close-clients":
		r.nodes[pod].CloseClients()
	case "fail-disk":
		r.nodes[pod].FailDisk()
	case "fail-query-log":
		r.nodes[pod].FailQueryLog(d.Input)
	case "query-log": // on or off, by a person
		if err := r.nodes[pod].SetFullQueryLog(t.Context(), d.HasArg("on")); err != nil {
			t.Fatal(err)
		}
	case "open-clients":
		r.nodes[pod].OpenClients()
	case "fail-repairs":
		for _, n := range r.nodes {
			n.FailRepairs(d.Input)
		}
	case "forget-annotation":
		delete(r.dc.Annotations, d.CmdArgs[len(d.CmdArgs)-1].Key)
	case "logins":
		return r.logins()
	case "old-agents", "new-agents":
		for _, n := range r.nodes {
			n.OldAgent(d.Cmd == "old-agents")
		}
	case "reachable":
		r.nodes[pod].Unreachable(false)
	case "cut":
		r.cassie.Cut("dc1", "dc2")
		r.world.setAway(true)
	case "hold", "release":
		r.held = d.Cmd == "hold"
	case "class": // expands=false
		r.fixed = d.CmdArgs[0].Vals[0] == "false"
	case "resizer": // fails, slow, pending; works without
		if r.resizer = ""; len(d.CmdArgs) > 0 {
			r.resizer = d.CmdArgs[0].Key
		}
	case "volumes":
		return r.volumesAndPods()
	case "volume-has": // as it was restored, or made by hand
		size := corev1.ResourceList{corev1.ResourceStorage: resource.MustParse(argument(t, d, "size"))}
		claim := r.storage[datacenter.Claim(pod)]
		claim.Spec.Resources.Requests, claim.Status.Capacity = size, size
	case "large-annotation": // of somebody, as long as the API server lets it be
		r.annotate("example.com/large", strings.Repeat("x", 255<<10))
	case "delete-set": // of a rack, without its pods, by somebody else
		r.sets[d.CmdArgs[0].Key].DeletionTimestamp = &metav1.Time{Time: r.now}
	case "former-operator", "own-operator": // of a version in which no rack could be taken out
		r.formerRacks = d.Cmd == "former-operator"
	case "service-name": // of a rack's StatefulSet, as somebody else has made it
		set := r.sets[d.CmdArgs[0].Key]
		set.Spec.ServiceName = d.CmdArgs[0].Vals[0]
		set.Generation++
	case "alter":
		r.alter(t, d)
	case "clears-fail", "clears-work": // requests can't be taken back for a while
		r.stuck = d.Cmd == "clears-fail"
	case "restart-task", "restart-task-ends":
		r.restartTask(d)
	case "annotate-template": // of a rack, as another program does: control.k8ssandra.io/restartedAt=now
		set := r.sets[d.CmdArgs[0].Key]
		metav1.SetMetaDataAnnotation(&set.Spec.Template.ObjectMeta, d.CmdArgs[1].Key, r.now.Format(time.RFC3339))
		set.Generation++
	case "restarted":
		return r.restartTimes()
	case "rebuild": // a person's task, over all nodes
		r.rebuilt = append(r.rebuilt, r.now)
		for r.jobs = map[string]string{}; !r.rebuild(d.CmdArgs[1].Vals[0]); {
			r.cassie.Advance()
		}
	case "rebuild-begins": // a person's task, that takes a while
		r.begun = r.now
	case "rebuild-ends":
		r.rebuilt = append(r.rebuilt, r.begun)
	case "write":
		r.write()
	case "heal":
		r.cassie.Heal("dc1", "dc2")
		for _, one := range r.regions {
			one.cutOff = false
		}
	case "restart-operator":
		r.forget()
	case "operator-goes", "operator-comes":
		r.idle = d.Cmd == "operator-goes"
	case "upgrade-operator":
		version.Version = "v2"
	case "recreated": // it was deleted, and its volumes were kept
		r.dc.Annotations, r.dc.Status, r.tookUp = nil, api.CassandraDatacenterStatus{}, true
		for _, name := range slices.Sorted(maps.Keys(r.pods)) {
			r.kill(name)
		}
	case "forget": // as a version left it that kept no records
		r.dc.Annotations, r.dc.Status.Keyspaces, r.dc.Status.KeyspacesSeen = nil, nil, false
	case "annotate":
		if len(d.CmdArgs) == 0 && d.Input == "" {
			r.dc.Annotations = nil
		}
		for _, a := range d.CmdArgs {
			if a.Key != "dc" {
				r.annotate(a.Key, a.Vals[0])
			}
		}
		for line := range strings.Lines(d.Input) { // values that can't be arguments
			name, value, _ := strings.Cut(line, ": ")
			r.annotate(name, strings.TrimSpace(value))
		}
	case "set":
		r.set(t, d)
	case "delete":
		r.dc.DeletionTimestamp, r.dc.Finalizers = &metav1.Time{Time: r.now}, []string{api.Finalizer, datacenter.RingFinalizer}
		for name := range r.pods {
			r.volumes = append(r.volumes, datacenter.Volume{Name: "server-data-" + name})
		}
	case "finalizers":
		return fmt.Sprintln(r.dc.Finalizers)
	case "namesake": // another datacenter of the namespace with this cluster's name
		r.namesakes = r.another(d)
	case "same-objects": // another datacenter whose objects would have the names of this one's
		r.sameNames = r.another(d)
	default:
		d.Fatalf(t, "no such command")
	}
	return ""
}

// another is a second datacenter of the namespace.
func (r *region) another(d *datadriven.TestData) []datacenter.Namesake {
	if len(d.CmdArgs) == 0 {
		return nil
	}
	var seeds []string
	for _, arg := range d.CmdArgs {
		if arg.Key == "seeds" {
			seeds = arg.Vals
		}
	}
	return []datacenter.Namesake{{Name: d.CmdArgs[0].Key, Created: r.dc.CreationTimestamp.Time, Begun: d.HasArg("begun"), Joins: d.HasArg("joins"), Apart: d.HasArg("of-ring"), MadeSeedService: d.HasArg("claims"), Seeds: seeds, Ring: topology.Datacenter{Name: d.CmdArgs[0].Key}}}
}

// alter gives a keyspace's replicas to datacenters, as a person does.
func (r *region) alter(t *testing.T, d *datadriven.TestData) {
	factors, transient := map[string]int{}, map[string]int{}
	for _, a := range d.CmdArgs[2:] {
		all, some, _ := strings.Cut(a.Vals[0], "/")
		n, err := strconv.Atoi(all)
		must(t, err)
		factors[a.Key] = n
		transient[a.Key], _ = strconv.Atoi(some)
	}
	node, keyspace := r.nodes[slices.Sorted(maps.Keys(r.nodes))[0]], d.CmdArgs[1].Vals[0]
	must(t, node.AlterKeyspace(t.Context(), keyspace, factors))
	node.SetTransient(keyspace, transient)
}

// logins names the nodes where clients can't log in at LOCAL_QUORUM.
func (r *region) logins() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(r.nodes)) {
		if !r.nodes[name].LoginAtQuorum("admin", "secret") {
			fmt.Fprintf(&b, "no login at %s\n", strings.TrimPrefix(name, "multi-region-"))
		}
	}
	return b.String()
}

func (r *region) set(t *testing.T, d *datadriven.TestData) {
	for _, a := range d.CmdArgs {
		switch a.Key {
		case "dc":
		case "storage":
			r.setStorage(a.Vals[0])
		case "claim-selector":
			r.dc.Spec.StorageConfig.CassandraDataVolumeClaimSpec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"disk": a.Vals[0]}}
		case "extra-volume":
			r.dc.Spec.StorageConfig.AdditionalVolumes = append(r.dc.Spec.StorageConfig.AdditionalVolumes, api.AdditionalVolumes{
				Name: a.Vals[0], MountPath: "/" + a.Vals[0], PVCSpec: &corev1.PersistentVolumeClaimSpec{}})
		case "no-extra-volumes":
			r.dc.Spec.StorageConfig.AdditionalVolumes = nil
		case "no-volumes":
			r.dc.Spec.StorageConfig.CassandraDataVolumeClaimSpec = nil
		case "stopped":
			r.dc.Spec.Stopped = a.Vals[0] == "true"
		case "rollingRestartRequested":
			r.dc.Spec.RollingRestartRequested = true
		case "forceUpgradeRacks":
			r.dc.Spec.ForceUpgradeRacks = a.Vals
		case "additionalSeeds":
			r.dc.Spec.AdditionalSeeds = a.Vals
		case "racks": // a person lets those go that are missing
			r.takeOut(a.Vals)
		case "only-racks": // nobody does
			r.setRacks(a.Vals)
		case "serviceAccountName":
			r.dc.Spec.ServiceAccountName = a.Vals[0]
		case "base": // the base configuration; none takes the section away
			r.section("base-configuration", func(any) any {
				if a.Vals[0] == "none" {
					return nil
				}
				return a.Vals[0]
			})
		case "canaryUpgrade", "canaryUpgradeCount", "maxUnavailable", "minReadySeconds":
			r.setPace(a.Key, a.Vals[0])
		case "cdc":
			r.dc.Spec.CDC = &api.CDCConfiguration{}
		case "configSecret":
			if r.dc.Spec.ConfigSecret = ""; len(a.Vals) > 0 {
				r.dc.Spec.ConfigSecret = a.Vals[0]
			}
		case "serverType":
			r.dc.Spec.ServerType = a.Vals[0]
		case "superuserSecretName":
			r.dc.Spec.SuperuserSecretName = strings.Join(a.Vals, "")
		case "size":
			n, _ := strconv.Atoi(a.Vals[0])
			r.resize(n)
		default:
			d.Fatalf(t, "no such field: %s", a.Key)
		}
	}
	r.dc.Generation++
}

func (w *world) newRegion(t *testing.T, d *datadriven.TestData) string {
	var name string
	size, racks := 3, 3
	d.ScanArgs(t, "name", &name)
	d.MaybeScanArgs(t, "size", &size)
	d.MaybeScanArgs(t, "racks", &racks)
	var names []string
	for i := range racks {
		names = append(names, fmt.Sprintf("r%d", i+1))
	}
	w.add(name, size, names, !d.HasArg("no-auth"))
	return ""
}

func (w *world) regionNamed(name string) *region {
	for _, r := range w.regions {
		if r.dc.Name == name || name == "" {
			return r
		}
	}
	return nil
}

func (r *region) setSecret(name, username, password string) {
	if username == "" && password == "" {
		delete(r.secrets, name)
		return
	}
	r.secret(name, map[string]string{"username": username, "password": password})
}

// run prints each plan that differs from the operator's one before.
func (w *world) run(rounds string) string {
	n := 60
	_, _ = fmt.Sscan(rounds, &n)
	var b strings.Builder
	round := 0
	stable := w.settle(n, func(r *region, plan datacenter.Plan) {
		if r == w.regions[0] {
			round++
		}
		if text := short(plan.String(), w.quiet); text != r.last {
			r.last = text
			fmt.Fprintf(&b, "%d %s:\n  %s\n", round, r.dc.Name, strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n  "))
		}
	})
	if !stable {
		b.WriteString("not stable\n")
	}
	return b.String()
}

// short leaves out the objects that don't matter to the story.
func short(text string, quiet bool) string {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		if strings.HasPrefix(line, "needs consent to ") { // a hash of all that this version renders
			line = "needs consent"
		}
		if quiet && strings.HasPrefix(line, "issue certificate ") {
			continue
		}
		if !strings.HasPrefix(line, "apply Service") && !strings.HasPrefix(line, "apply PodDisruptionBudget") && !strings.HasPrefix(line, "label ") {
			lines = append(lines, strings.ReplaceAll(line, "multi-region-", ""))
		}
	}
	return strings.Join(lines, "\n")
}

// holds tells which datacenters have a keyspace's data.
func (w *world) holds(keyspace string) string {
	var b strings.Builder
	for _, r := range w.regions {
		fmt.Fprintf(&b, "%s %t\n", r.dc.Name, w.cassie.Holds(keyspace, r.dc.Name))
	}
	return b.String()
}

// annotations are those on record. Where copies are isn't: the ring says it anew in each pass.
func (r *region) annotations() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(r.dc.Annotations)) {
		if name == api.CopiedAnnotation {
			continue
		}
		fmt.Fprintf(&b, "%s: %s\n", name, strings.ReplaceAll(r.dc.Annotations[name], "00000000-0000-4000-8000-0000000000", "…"))
	}
	return b.String()
}

// consentHash is of all that this version renders.
var consentHash = regexp.MustCompile(`consent-to=[0-9a-f]{16}`)

func (r *region) status() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %d rings\n", r.dc.Status.CassandraOperatorProgress, r.cassie.Rings())
	for _, c := range r.dc.Status.Conditions {
		quiet := c.Type == api.DatacenterSuperuserLogin && c.Reason == api.ReasonReconciled // superuser-logins shows it
		if (c.Status == "True" || c.Message != "") && !quiet {
			fmt.Fprintf(&b, "%s=%s %s %s\n", c.Type, c.Status, c.Reason, consentHash.ReplaceAllString(strings.ReplaceAll(c.Message, "multi-region-", ""), "consent-to=HASH"))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.dc.Status.NodeStatuses)) {
		n := r.dc.Status.NodeStatuses[name]
		fmt.Fprintf(&b, "%s %s %s …%s\n", strings.TrimPrefix(name, "multi-region-"), n.Rack, n.IP, n.HostID[max(0, len(n.HostID)-2):])
	}
	for _, name := range slices.Sorted(maps.Keys(r.dc.Status.Keyspaces)) {
		if k := r.dc.Status.Keyspaces[name]; k.Strategy != "" || k.Unverified {
			fmt.Fprintf(&b, "keyspace %s: %d replicas %s unverified %t\n", name, k.Replicas, k.Strategy, k.Unverified)
		}
	}
	fmt.Fprintf(&b, "seeds %s\n", strings.Join(r.dc.Status.Seeds, " "))
	for _, keyspace := range topology.SystemKeyspaces {
		for _, name := range slices.Sorted(maps.Keys(r.nodes)) {
			if replication, err := r.nodes[name].Replication(context.Background(), keyspace); err == nil {
				fmt.Fprintf(&b, "%s %v\n", keyspace, replication)
				break
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.nodes)) {
		if !r.nodes[name].Login("admin", "secret") && !r.nodes[name].Login("multi-region-superuser", "random") {
			fmt.Fprintf(&b, "no login at %s\n", strings.TrimPrefix(name, "multi-region-"))
		}
	}
	return b.String()
}
