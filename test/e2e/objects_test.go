package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// objects are what a ring consists of, by region, kind and name. What only
// Kubernetes writes is left out: the status of StatefulSets and disruption
// budgets, and the endpoint slices that its own controller makes.
type objects map[string]object

type object struct {
	content  map[string]any
	version  string   // of the API server, or of what is left of the object
	managers []string // who wrote what and when, last first
}

func readObjects(t *testing.T) objects {
	t.Helper()
	all := objects{}
	for _, region := range []string{west, central} {
		var list struct{ Items []map[string]any }
		text := kubectl(t, region, "get", "k8c,cassdc,sts,svc,pdb,endpointslices,secrets", "-n", "default", "-o", "json", "--show-managed-fields")
		if err := json.Unmarshal([]byte(text), &list); err != nil {
			t.Fatal(err)
		}
		for _, item := range list.Items {
			meta := item["metadata"].(map[string]any)
			labels, _ := meta["labels"].(map[string]any)
			if labels["endpointslice.kubernetes.io/managed-by"] == "endpointslice-controller.k8s.io" {
				continue
			}
			all[fmt.Sprintf("%s: %s %s", region, item["kind"], meta["name"])] = newObject(item, meta)
		}
	}
	return all
}

func newObject(item, meta map[string]any) object {
	o := object{content: item, version: fmt.Sprint(meta["resourceVersion"]), managers: managers(meta)}
	delete(meta, "managedFields")
	if item["kind"] == "StatefulSet" || item["kind"] == "PodDisruptionBudget" {
		delete(item, "status")
		delete(meta, "resourceVersion")
		rest, _ := json.Marshal(item) // it was just read
		o.version = string(rest)
	}
	if item["kind"] == "Secret" {
		delete(item, "data") // not for a log; its version tells of a change
	}
	return o
}

func managers(meta map[string]any) (all []string) {
	list, _ := meta["managedFields"].([]any)
	for _, m := range list {
		e := m.(map[string]any)
		all = append(all, fmt.Sprint(e["time"], " ", e["manager"], " ", e["operation"], " ", e["subresource"]))
	}
	slices.Sort(all)
	slices.Reverse(all)
	return all
}

// changes tells which objects differ, in what, and who wrote them; "" for none.
func (before objects) changes(after objects) string {
	var b strings.Builder
	names := maps.Clone(before)
	maps.Copy(names, after)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if old, now := before[name], after[name]; old.version != now.version {
			fmt.Fprintf(&b, "%s, written by\n  %s\n%s\n", name, strings.Join(now.managers, "\n  "), cmp.Diff(old.content, now.content))
		}
	}
	return b.String()
}

// calm is for how long nothing may have changed before a ring counts as settled:
// longer than any pass of the operators that follows a change takes to come.
const calm = 6 * time.Second

// settled waits until the ring is whole and nothing of it has changed for a
// while, and returns its objects. It fails with what changed last.
func settled(t *testing.T) objects {
	t.Helper()
	var last objects
	var changed string
	since := time.Now()
	eventually(t, 3*time.Minute, func() error {
		if err := whole(); err != nil {
			last = nil
			return err
		}
		now := readObjects(t)
		if last == nil {
			last, since = now, time.Now()
			return fmt.Errorf("the ring is whole only now; before: %s", changed)
		}
		if news := last.changes(now); news != "" {
			last, changed, since = now, news, time.Now()
			return fmt.Errorf("objects still change: %s", news)
		}
		for _, dc := range []struct{ region, name string }{{west, "dc1"}, {central, "dc2"}} {
			if p := kubectl(t, dc.region, "get", "cassdc", dc.name, "-o", "jsonpath={.status.cassandraOperatorProgress}"); p != "Ready" {
				since = time.Now()
				return fmt.Errorf("%s is %s", dc.name, p)
			}
			// What an earlier story cut is noted as healed some time after the nodes have found each other.
			together := kubectl(t, dc.region, "get", "cassdc", dc.name, "-o", "jsonpath=since {.status.together.apartSince} until {.status.together.apartUntil}.")
			if strings.HasSuffix(together, " until .") && !strings.HasPrefix(together, "since  ") {
				since = time.Now()
				return fmt.Errorf("%s counts as apart %s", dc.name, together)
			}
		}
		if time.Since(since) < calm {
			return fmt.Errorf("the last change is %s ago: %s", time.Since(since).Round(time.Second), changed)
		}
		return nil
	})
	return last
}
