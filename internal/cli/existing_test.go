package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

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
	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/deletion"
	"github.com/ringspan/ringspan/internal/fleet/inventory"
	"github.com/ringspan/ringspan/internal/install"
	"github.com/ringspan/ringspan/internal/kubetest"
	"github.com/ringspan/ringspan/internal/ringstatus"
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

// clustersOfOthers writes the fleet's file, whose path it returns, and the user's kubeconfig
// beside it.
func clustersOfOthers(t *testing.T, contexts map[string]*kubetest.Cluster) string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("RINGSPAN_HOME", filepath.Join(dir, "home"))
	pointTo(t, dir, contexts)
	return fileIn(t, dir, "fleet.yaml", theirs)
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

// fileIn writes a fleet's file beside the user's kubeconfig.
func fileIn(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// ringspan is the command as a user calls it, where nobody can be asked. The error is what
// it said when it failed.
func ringspan(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out, errOut bytes.Buffer
	if code := Run(t.Context(), args, strings.NewReader(""), &out, &errOut); code != 0 {
		return out.String(), fmt.Errorf("exit code %d: %s", code, &errOut)
	}
	return out.String(), nil
}

// upThere is one up, without operators that would boot the ring.
func upThere(t *testing.T, path string) (string, error) {
	t.Helper()
	return ringspan(t, "up", path, "--wait=false", "--prove=false", "--timeout=1m")
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
	file := clustersOfOthers(t, map[string]*kubetest.Cluster{"cluster-of-west": west, "central": central})
	both := map[string]*kubetest.Cluster{"west": west, "central": central}

	_, err := upThere(t, file)
	says(t, "up beside an operator of somebody else", err, "an operator is there already", "it isn't fleet theirs's")
	if _, err := os.Stat(filepath.Join(filepath.Dir(file), "home")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an up that was refused has saved something: %v", err)
	}
	withoutOperator(t, west, central)
	_, err = upThere(t, file)
	says(t, "up without ways between the regions", err, "region west", "region central", "ClientConfig", "docs/guide/existing.md")
	ring := client.ObjectKey{Namespace: "default", Name: "ring"}
	if err := west.Client.Get(t.Context(), ring, &k8ssandra.K8ssandraCluster{}); !apierrors.IsNotFound(err) {
		t.Errorf("a ring was made whose regions can't follow each other: %v", err)
	}

	introduceByHand(t, west, "central")
	introduceByHand(t, central, "west")
	if out, err := upThere(t, file); err != nil {
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

	plan, err := ringspan(t, "plan", file, "--prune", "-o", "json")
	if err != nil || !strings.Contains(plan, `"steps": []`) || strings.Contains(plan, `"removals"`) {
		t.Errorf("a plan of clusters that nobody makes: %v %s", err, plan)
	}
	shows(t)
	downRefuses(t, filepath.Dir(file), west)
	downRemoves(t, both)
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

// shows wants the clusters above the ring in the status of the fleet.
func shows(t *testing.T) {
	t.Helper()
	out, err := ringspan(t, "status", "-o", "json")
	var s ringstatus.Status
	if err == nil {
		err = json.Unmarshal([]byte(out), &s)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	base := s.Infrastructure
	if base == nil || base.Message != "" || len(base.Sites) != 2 || base.Sites[0].Cluster != "central" || base.Sites[0].Version == "" {
		t.Errorf("status shows %+v", base)
	}
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

func downRefuses(t *testing.T, dir string, west *kubetest.Cluster) {
	t.Helper()
	down := func(args ...string) error {
		_, err := ringspan(t, append([]string{"down"}, args...)...)
		return err
	}
	says(t, "a fleet that nobody has named", down(), "nothing was deleted", "--fleet theirs")
	another := fileIn(t, dir, "another.yaml", strings.Replace(theirs, "{name: theirs}", "{name: another}", 1))
	says(t, "the operators of another fleet", down("-f", another), "nothing was deleted", "is that of fleet theirs")
	says(t, "--keep-data", down("--fleet", "theirs", "--keep-data"), "nothing was deleted", "--keep-data")

	ring := &k8ssandra.K8ssandraCluster{}
	if err := west.Client.Get(t.Context(), client.ObjectKey{Namespace: "default", Name: "ring"}, ring); err != nil {
		t.Fatal(err)
	}
	other := &k8ssandra.K8ssandraCluster{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "other"}}
	other.Spec.Cassandra = ring.Spec.Cassandra.DeepCopy()
	if err := west.Client.Create(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	says(t, "a ring of somebody else", down("--fleet", "theirs"), "nothing was deleted", "ring default/other was not made by")
	if err := west.Client.Delete(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	protect := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"annotations":{"`+deletion.Protection+`":"true"}}}`))
	if err := west.Client.Patch(t.Context(), ring, protect); err != nil {
		t.Fatal(err)
	}
	says(t, "a protected ring", down("--fleet", "theirs"), "nothing was deleted", "ring default/ring is protected")
	free := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"annotations":{"`+deletion.Protection+`":null}}}`))
	if err := west.Client.Patch(t.Context(), ring, free); err != nil {
		t.Fatal(err)
	}
	if err := west.Client.Get(t.Context(), client.ObjectKeyFromObject(ring), ring); err != nil || ring.DeletionTimestamp != nil {
		t.Errorf("a down that was refused has deleted the ring: %v", err)
	}
	asksAboutPropagations(t, west, down)
}

// asksAboutPropagations wants down to delete none without a word from somebody: up hasn't made it.
func asksAboutPropagations(t *testing.T, west *kubetest.Cluster, down func(...string) error) {
	t.Helper()
	p := &fleetv1.Propagation{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "front"}}
	p.Spec = fleetv1.PropagationSpec{ServiceAccountName: "deployer", Placement: fleetv1.Placement{RegionSelector: &metav1.LabelSelector{}},
		Template: map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "front"}}}
	if err := west.Client.Create(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	says(t, "a Propagation", down("--fleet", "theirs"), "nothing was deleted", "nobody could end Propagation default/front. With fleet theirs would go", "Propagations: default/front", "--yes")
	if err := west.Client.Get(t.Context(), client.ObjectKeyFromObject(p), p); err != nil || p.DeletionTimestamp != nil {
		t.Errorf("a down that was refused has deleted the Propagation: %v", err)
	}
	if err := west.Client.Delete(t.Context(), p); err != nil {
		t.Fatal(err)
	}
}

func downRemoves(t *testing.T, both map[string]*kubetest.Cluster) {
	t.Helper()
	own := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "of-the-user"}}
	if err := both["west"].Client.Create(t.Context(), own); err != nil {
		t.Fatal(err)
	}
	f, err := inventory.OpenExisting("theirs", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(f.Kubeconfig()); err != nil {
		t.Error(err)
	}
	if out, err := ringspan(t, "down", "--fleet", "theirs"); err != nil {
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
	file := clustersOfOthers(t, map[string]*kubetest.Cluster{"cluster-of-west": cluster, "central": cluster})
	_, err := upThere(t, file)
	says(t, "up", err, "one cluster", "west", "central")
}
