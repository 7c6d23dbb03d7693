package cli

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	configv1beta1 "github.com/ringspan/ringspan/api/config/v1beta1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/deletion"
	"github.com/ringspan/ringspan/internal/fleet"
	"github.com/ringspan/ringspan/internal/fleet/inventory"
	"github.com/ringspan/ringspan/internal/fleet/lifecycle"
	"github.com/ringspan/ringspan/internal/install"
	"github.com/ringspan/ringspan/internal/kubetest"
	"github.com/ringspan/ringspan/internal/region"
)

const theirs = `apiVersion: fleet.ringspan.io/v1alpha1
kind: Fleet
metadata: {name: theirs}
spec:
  provider: existing
  kubeconfig: clusters.yaml
  regions: [{name: west, context: cluster-of-west}, {name: central}]
---
apiVersion: k8ssandra.io/v1alpha1
kind: K8ssandraCluster
metadata: {name: ring, namespace: default}
spec:
  cassandra:
    serverVersion: 5.0.9
    storageConfig: {cassandraDataVolumeClaimSpec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}
    datacenters:
      - {metadata: {name: dc1}, k8sContext: west, size: 1}
      - {metadata: {name: dc2}, k8sContext: central, size: 1}
`

// clustersOfOthers writes the fleet's file and the user's kubeconfig beside it.
func clustersOfOthers(t *testing.T, contexts map[string]*kubetest.Cluster) *fleet.File {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("RINGSPAN_HOME", filepath.Join(dir, "home"))
	pointTo(t, dir, contexts)
	return fileIn(t, dir, theirs)
}

// pointTo writes the user's kubeconfig.
func pointTo(t *testing.T, dir string, contexts map[string]*kubetest.Cluster) {
	t.Helper()
	c := clientcmdapi.NewConfig()
	for name, cluster := range contexts {
		c.AuthInfos[name] = &clientcmdapi.AuthInfo{ClientCertificateData: cluster.Admin.CertData, ClientKeyData: cluster.Admin.KeyData}
		c.Clusters[name] = &clientcmdapi.Cluster{Server: cluster.Admin.Host, CertificateAuthorityData: cluster.Admin.CAData}
		c.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name}
	}
	if err := clientcmd.WriteToFile(*c, filepath.Join(dir, "clusters.yaml")); err != nil {
		t.Fatal(err)
	}
}

// fileIn is a fleet's file beside the user's kubeconfig.
func fileIn(t *testing.T, dir, text string) *fleet.File {
	t.Helper()
	path := filepath.Join(dir, "fleet.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := fleet.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// upThere is one up, without operators that would boot the ring.
func upThere(t *testing.T, f *fleet.File) (string, error) {
	t.Helper()
	out := &bytes.Buffer{}
	u := &upRun{file: f, out: out, errOut: out}
	err := u.up(t.Context(), time.Minute)
	return out.String(), err
}

func says(t *testing.T, what string, err error, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: %v; it doesn't say %q", what, err, part)
		}
	}
}

// A fleet in two clusters of others: up puts operators and the ring there, down takes
// them away again, and nothing else is touched.
func TestAFleetInClustersOfOthers(t *testing.T) {
	west, central := kubetest.Start(t), kubetest.Start(t)
	f := clustersOfOthers(t, map[string]*kubetest.Cluster{"cluster-of-west": west, "central": central})
	both := map[string]*kubetest.Cluster{"west": west, "central": central}

	_, err := upThere(t, f)
	says(t, "up beside an operator of somebody else", err, "an operator is there already", "it isn't fleet theirs's")
	if _, err := os.Stat(filepath.Join(filepath.Dir(f.Path), "home")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an up that was refused has saved something: %v", err)
	}
	withoutOperator(t, west, central)
	_, err = upThere(t, f)
	says(t, "up without ways between the regions", err, "region west", "region central", "ClientConfig", "docs/guide/existing.md")
	ring := client.ObjectKey{Namespace: "default", Name: "ring"}
	if err := west.Client.Get(t.Context(), ring, &k8ssandra.K8ssandraCluster{}); !apierrors.IsNotFound(err) {
		t.Errorf("a ring was made whose regions can't follow each other: %v", err)
	}

	introduceByHand(t, west, "central")
	introduceByHand(t, central, "west")
	if out, err := upThere(t, f); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := west.Client.Get(t.Context(), ring, &k8ssandra.K8ssandraCluster{}); err != nil {
		t.Error(err)
	}
	for name, c := range both {
		d := &appsv1.Deployment{}
		if err := c.Client.Get(t.Context(), client.ObjectKey{Namespace: install.Namespace, Name: install.OperatorName}, d); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}

	plan, err := planOf(t.Context(), invocation.Account{}, f, lifecycle.Scope{Prune: true})
	if err != nil || len(plan.Steps)+len(plan.Refused)+len(plan.Removals) > 0 {
		t.Errorf("a plan of clusters that nobody makes: %+v %v", plan, err)
	}
	p, err := inventory.Open("theirs")
	if err != nil {
		t.Fatal(err)
	}
	known, ok := p.(inventory.Existing)
	if !ok {
		t.Fatalf("the fleet is known as %T", p)
	}
	base := infrastructureOf(t.Context(), p, mustRegions(t, p))
	if base.Message != "" || len(base.Sites) != 2 || base.Sites[0].Cluster != "central" || base.Sites[0].Version == "" {
		t.Errorf("status shows %+v", base)
	}
	downRefuses(t, known, west)
	downRemoves(t, known, both)
}

// withoutOperator deletes the operator that kubetest has installed, which is no fleet's.
func withoutOperator(t *testing.T, all ...*kubetest.Cluster) {
	t.Helper()
	for _, c := range all {
		if err := c.Client.Delete(t.Context(), &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: install.Namespace, Name: install.OperatorName}}); err != nil {
			t.Fatal(err)
		}
	}
}

// silently is a down that nobody can be asked in.
func silently(out *bytes.Buffer) downChoices {
	return downChoices{in: &bytes.Buffer{}, out: out, errOut: out}
}

func mustRegions(t *testing.T, f inventory.Fleet) []region.Region {
	t.Helper()
	all, err := inventory.Regions(f)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// introduceByHand is what the guide tells the user to do.
func introduceByHand(t *testing.T, in *kubetest.Cluster, peer string) {
	t.Helper()
	k := &configv1beta1.ClientConfig{ObjectMeta: metav1.ObjectMeta{Namespace: install.Namespace, Name: "to-" + peer}}
	k.Spec.ContextName, k.Spec.KubeConfigSecret.Name = peer, "kubeconfig-of-"+peer
	if err := in.Client.Create(t.Context(), k); err != nil {
		t.Fatal(err)
	}
}

func downRefuses(t *testing.T, f inventory.Existing, west *kubetest.Cluster) {
	t.Helper()
	out := &bytes.Buffer{}
	down := func() error { return silently(out).downKnown(t.Context(), f, true) }
	says(t, "a fleet that nobody has named", silently(out).downKnown(t.Context(), f, false), "nothing was deleted", "--fleet theirs")
	another, err := inventory.OpenExisting("another", f.Account)
	if err != nil {
		t.Fatal(err)
	}
	others := &lifecycle.ExistingDown{Fleet: another, Regions: mustRegions(t, f)}
	says(t, "the operators of another fleet", silently(out).downExisting(t.Context(), others), "nothing was deleted", "is that of fleet theirs")
	keep := silently(out)
	keep.keep = true
	says(t, "--keep-data", keep.downKnown(t.Context(), f, true), "nothing was deleted", "--keep-data")

	ring := &k8ssandra.K8ssandraCluster{}
	if err := west.Client.Get(t.Context(), client.ObjectKey{Namespace: "default", Name: "ring"}, ring); err != nil {
		t.Fatal(err)
	}
	other := &k8ssandra.K8ssandraCluster{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "other"}}
	other.Spec.Cassandra = ring.Spec.Cassandra.DeepCopy()
	if err := west.Client.Create(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	says(t, "a ring of somebody else", down(), "nothing was deleted", "ring default/other was not made by")
	if err := west.Client.Delete(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	protect := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"annotations":{"`+deletion.Protection+`":"true"}}}`))
	if err := west.Client.Patch(t.Context(), ring, protect); err != nil {
		t.Fatal(err)
	}
	says(t, "a protected ring", down(), "nothing was deleted", "ring default/ring is protected")
	free := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"annotations":{"`+deletion.Protection+`":null}}}`))
	if err := west.Client.Patch(t.Context(), ring, free); err != nil {
		t.Fatal(err)
	}
	if err := west.Client.Get(t.Context(), client.ObjectKeyFromObject(ring), ring); err != nil || ring.DeletionTimestamp != nil {
		t.Errorf("a down that was refused has deleted the ring: %v", err)
	}
}

func downRemoves(t *testing.T, f inventory.Existing, both map[string]*kubetest.Cluster) {
	t.Helper()
	own := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "of-the-user"}}
	if err := both["west"].Client.Create(t.Context(), own); err != nil {
		t.Fatal(err)
	}
	out := &bytes.Buffer{}
	if err := silently(out).downKnown(t.Context(), f, true); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for name, c := range both {
		var rings k8ssandra.K8ssandraClusterList
		var dcs cassandra.CassandraDatacenterList
		if err := errors.Join(c.Client.List(t.Context(), &rings), c.Client.List(t.Context(), &dcs)); err != nil || len(rings.Items)+len(dcs.Items) > 0 {
			t.Errorf("%s: left are rings %v, datacenters %v: %v", name, rings.Items, dcs.Items, err)
		}
		for _, o := range []client.Object{&appsv1.Deployment{}, &corev1.ServiceAccount{}, &rbacv1.ClusterRole{}, &rbacv1.ClusterRoleBinding{}} {
			key := client.ObjectKey{Name: install.OperatorName}
			switch o.(type) {
			case *appsv1.Deployment, *corev1.ServiceAccount:
				key.Namespace = install.Namespace
			}
			if err := c.Client.Get(t.Context(), key, o); !apierrors.IsNotFound(err) {
				t.Errorf("%s: %T %s is left: %v", name, o, key, err)
			}
		}
		var given configv1beta1.ClientConfigList
		if err := c.Client.List(t.Context(), &given); err != nil || len(given.Items) != 1 {
			t.Errorf("%s: the user's ClientConfigs: %v, %v", name, given.Items, err)
		}
	}
	if err := both["west"].Client.Get(t.Context(), client.ObjectKeyFromObject(own), own); err != nil {
		t.Errorf("what is the user's: %v", err)
	}
	if _, err := os.Stat(f.Kubeconfig()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("this machine still knows the fleet: %v", err)
	}
}

// One cluster under two names would be one region, with all copies of the data in it.
func TestTwoRegionsAreNotOneCluster(t *testing.T) {
	cluster := kubetest.Start(t)
	f := clustersOfOthers(t, map[string]*kubetest.Cluster{"cluster-of-west": cluster, "central": cluster})
	_, err := upThere(t, f)
	says(t, "up", err, "one cluster", "west", "central")
}
