package kubetest_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/internal/kubetest"
)

// warnings are those that came with the answers to a client's requests.
type warnings struct {
	mu   sync.Mutex
	seen []string
}

func (w *warnings) HandleWarningHeader(_ int, _, text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, text)
}

func (w *warnings) take() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	text := strings.Join(w.seen, "\n")
	w.seen = nil
	return text
}

// What is accepted but deprecated is told to who applies it.
func TestDeprecatedFieldsAreWarnedOf(t *testing.T) {
	heard := &warnings{}
	c := warned(t, heard)
	for _, test := range []invalid{
		{"zone", validDatacenter, []change{{"spec.racks.0.zone", "a"}}, "spec.racks: zone is deprecated"},
		{"dockerImageRunsAsCassandra", validDatacenter, []change{{"spec.dockerImageRunsAsCassandra", "false"}}, "spec.dockerImageRunsAsCassandra is deprecated"},
		{"dockerImageRunsAsCassandra as it is", validDatacenter, []change{{"spec.dockerImageRunsAsCassandra", "true"}}, ""},
		{"config beside configSecret", validDatacenter, []change{{"spec.config", "{cassandra-yaml: {num_tokens: 16}}"}, {"spec.configSecret", "config"}}, "spec.config has no effect"},
		{"nothing", validDatacenter, nil, ""},
		{"Stargate", validRing, []change{{"spec.stargate", "{size: 1, heapSize: 256Mi}"}}, "stargate is deprecated"},
		{"Stargate in a datacenter", validRing, []change{{"spec.cassandra.datacenters.1.stargate", "{size: 1}"}}, "stargate is deprecated"},
		{"zone", validRing, []change{{"spec.cassandra.racks.0.zone", "a"}}, "racks: zone is deprecated"},
		{"nothing", validRing, nil, ""},
	} {
		t.Run(kind(test.object)+"/"+test.name, func(t *testing.T) {
			obj := parse(t, test.object)
			apply(t, obj, test.changes)
			// The API server takes a policy up some time after it was made.
			for deadline := time.Now().Add(time.Minute); ; {
				heard.take()
				if err := c.Create(t.Context(), obj.DeepCopy()); err != nil {
					t.Fatal(err)
				}
				text := heard.take()
				if test.want == "" && text == "" || test.want != "" && strings.Contains(text, test.want) {
					return
				}
				if test.want == "" || time.Now().After(deadline) {
					t.Fatalf("got %q, want %q", text, test.want)
				}
			}
		})
	}
}

// A change of what isn't the spec says nothing anew.
func TestAWarningIsGivenOnce(t *testing.T) {
	cluster := kubetest.Shared(t)
	heard := &warnings{}
	c := warned(t, heard)
	obj := parse(t, zonedDatacenter)
	obj.SetNamespace(cluster.Namespace(t))
	if err := cluster.Client.Create(t.Context(), obj); err != nil {
		t.Fatal(err)
	}
	obj.SetLabels(map[string]string{"a": "b"})
	if err := c.Update(t.Context(), obj); err != nil {
		t.Fatal(err)
	}
	if text := heard.take(); text != "" {
		t.Errorf("got %q", text)
	}
}

// warned is a client of which nothing is kept, and whose warnings are heard.
func warned(t *testing.T, heard *warnings) client.Client {
	t.Helper()
	cluster := kubetest.Shared(t)
	cfg := rest.CopyConfig(cluster.Admin)
	cfg.WarningHandler = heard
	c, err := client.New(cfg, client.Options{Scheme: cluster.Scheme})
	if err != nil {
		t.Fatal(err)
	}
	return client.NewDryRunClient(c)
}
