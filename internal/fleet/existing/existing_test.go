package existing

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"pgregory.net/rapid"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/fleet"
	"github.com/ringspan/ringspan/internal/fleet/infra"
	"github.com/ringspan/ringspan/internal/fleet/provision"
)

const kubeconfig = `apiVersion: v1
kind: Config
clusters:
  - {name: one, cluster: {server: https://one.example.com, certificate-authority: ca.pem, tls-server-name: api}}
  - {name: two, cluster: {server: https://two.example.com}}
users:
  - {name: me, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: login, interactiveMode: Never}}}
contexts:
  - {name: first, context: {cluster: one, user: me}}
  - {name: second, context: {cluster: two, user: me}}
  - {name: clusterless, context: {cluster: gone, user: me}}
  - {name: userless, context: {cluster: two, user: gone}}
`

func loaded(t *testing.T, west string) (*Provider, error) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"clusters.yaml": kubeconfig, "ca.pem": "not read here"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "fleet.yaml")
	if err := os.WriteFile(path, []byte(`apiVersion: fleet.ringspan.io/v1alpha1
kind: Fleet
metadata: {name: theirs}
spec: {provider: existing, kubeconfig: clusters.yaml, regions: [{name: west, context: `+west+`}, {name: second}]}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := fleet.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return Load(f)
}

// A copy of the kubeconfig reaches the same clusters as the same user, wherever it lies.
func TestCredentialsAreTheUsersOwn(t *testing.T) {
	p, err := loaded(t, "first")
	if err != nil {
		t.Fatal(err)
	}
	spec := &fleetv1.FleetSpec{Regions: []fleetv1.Region{{Name: "west"}, {Name: "second"}}}
	endpoints, err := p.Endpoints(t.Context(), "theirs", spec)
	if err != nil || len(endpoints) != 2 || endpoints[0].Cluster != "first" || endpoints[1].Server != "https://two.example.com" {
		t.Fatalf("%+v %v", endpoints, err)
	}
	cluster, user := p.Credentials("/bin/ringspan", endpoints[0])
	if !filepath.IsAbs(cluster.CertificateAuthority) || cluster.TLSServerName != "api" || user.Exec == nil || user.Exec.Command != "login" {
		t.Errorf("%+v %+v", cluster, user)
	}
}

func TestAContextThatIsNotThere(t *testing.T) {
	for west, want := range map[string]string{
		"third":       `region west: there is no context "third"; there are clusterless, first, second, userless`,
		"clusterless": `context "clusterless" names the cluster "gone"`,
		"userless":    `context "userless" names the user "gone"`,
	} {
		if _, err := loaded(t, west); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", west, err)
		}
	}
}

// Whatever is found and whatever may be pruned: no plan of such a fleet has a step, and
// a step that somebody else made up is refused.
func TestNoPlanTouchesAClusterOfOthers(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := &Provider{}
		seen := &infra.Seen{}
		for _, region := range []string{"a", "b", "c"} {
			if !rapid.Bool().Draw(rt, region) {
				continue
			}
			state := rapid.SampledFrom([]infra.State{infra.Ready, infra.Pending}).Draw(rt, "state of "+region)
			seen.Found = append(seen.Found,
				infra.Found{ID: region + "/cluster", Kind: infra.Cluster, Region: region, Physical: "cluster-" + region, State: infra.Ready, Have: map[string]string{uid: region}},
				infra.Found{ID: region + "/nodes", Kind: infra.NodePool, Region: region, Physical: "cluster-" + region + "/nodes", State: state, Refs: map[string]string{"cluster": "cluster-" + region}})
		}
		prune := rapid.SampledFrom([]infra.Prune{{}, infra.PruneAll()}).Draw(rt, "prune")
		r, err := provision.PlanFrom(p, provision.Request{Fleet: "f", Prune: prune, NetworkOnly: rapid.Bool().Draw(rt, "network only")}, "id", seen)
		if err != nil || len(r.Plan.Steps)+len(r.Plan.Refused)+len(r.Plan.Removals) > 0 {
			rt.Fatalf("%v\n%s", err, r.Plan.Text())
		}
	})
	p := &Provider{}
	if _, err := p.Apply(t.Context(), provision.Task{}); !provision.IsNotSupported(err) {
		t.Errorf("a step was done: %v", err)
	}
	r, err := provision.PlanDown(t.Context(), p, "f", &fleetv1.FleetSpec{Regions: []fleetv1.Region{{Name: "a"}}})
	if err != nil || len(r.Plan.Steps) > 0 {
		t.Errorf("the end of a fleet would delete %s, %v", r.Plan.Text(), err)
	}
}

// What such a fleet has no answer to it says by the provider's name; nothing is made up.
func TestWhatIsNotSupportedIsSaid(t *testing.T) {
	p := &Provider{}
	spec := &fleetv1.FleetSpec{}
	for want, ask := range map[string]func() error{
		"provider existing does not describe the networks between clusters": func() error { _, _, err := p.Describe(t.Context(), "f", spec); return err },
		"provider existing does not make tokens":                            func() error { _, err := p.Token(t.Context(), "r", "c"); return err },
		"provider existing does not list fleets":                            func() error { _, err := p.Fleets(t.Context()); return err },
		"provider existing does not have a policy":                          func() error { _, err := p.Policy("f"); return err },
		"provider existing does not estimate costs":                         func() error { _, err := p.Cost(&infra.Desired{}); return err },
		"provider existing does not make or delete clusters":                func() error { _, err := p.Apply(t.Context(), provision.Task{}); return err },
	} {
		if err := ask(); !provision.IsNotSupported(err) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, wanted %s", err, want)
		}
	}
}

func TestTwoRegionsAreNotOneCluster(t *testing.T) {
	seen := &infra.Seen{Found: []infra.Found{
		{ID: "a/cluster", Kind: infra.Cluster, Region: "a", Physical: "x", Have: map[string]string{uid: "1"}},
		{ID: "b/cluster", Kind: infra.Cluster, Region: "b", Physical: "y", Have: map[string]string{uid: "1"}},
	}}
	if _, err := (&Provider{}).Desire(infra.Input{Seen: seen}); err == nil || !strings.Contains(err.Error(), "regions a and b are one cluster") {
		t.Errorf("%v", err)
	}
}

func TestNodesAreCounted(t *testing.T) {
	node := func(status corev1.ConditionStatus) corev1.Node {
		return corev1.Node{Status: corev1.NodeStatus{Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: status}}}}
	}
	for name, test := range map[string]struct {
		nodes         []corev1.Node
		count, detail string
		state         infra.State
	}{
		"all ready": {[]corev1.Node{node(corev1.ConditionTrue), node(corev1.ConditionTrue)}, "2", "", infra.Ready},
		"one down":  {[]corev1.Node{node(corev1.ConditionTrue), node(corev1.ConditionUnknown)}, "2", "1 of 2 nodes are ready", infra.Pending},
		"none":      {nil, "0", "0 of 0 nodes are ready", infra.Pending},
	} {
		f := machines("a", "c", test.nodes)
		if f.Have["count"] != test.count || f.Detail != test.detail || f.State != test.state {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// get is an error as clients of HTTP wrap it; all of them are errors of the network.
func get(err error) error {
	return &url.Error{Op: "Get", URL: "https://one.example.com", Err: err}
}

func TestSilenceIsNoRefusal(t *testing.T) {
	for name, test := range map[string]struct {
		err    error
		silent bool
	}{
		"nobody listens": {&net.OpError{Op: "dial", Err: errors.New("connection refused")}, true},
		"no answer":      {context.DeadlineExceeded, true},
		"refused":        {errors.New("Unauthorized"), false},

		"nobody listens, of a client":           {get(&net.OpError{Op: "dial", Err: errors.New("connection refused")}), true},
		"no answer, of a client":                {get(os.ErrDeadlineExceeded), true},
		"another authority":                     {get(&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}), false},
		"an expired login":                      {get(errors.New("getting credentials: exec: executable aws failed with exit code 255")), false},
		"a certificate of mine that is refused": {get(&net.OpError{Op: "remote error", Err: errors.New("tls: bad certificate")}), false},
	} {
		if got := len(provision.OnlyUnreachable(explain("a", test.err))) > 0; got != test.silent {
			t.Errorf("%s: silent is %t", name, got)
		}
	}
}
