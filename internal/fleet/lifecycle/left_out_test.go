package lifecycle

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"

	configv1beta1 "github.com/ringspan/ringspan/api/config/v1beta1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/cli/progress"
	"github.com/ringspan/ringspan/internal/fleet"
	"github.com/ringspan/ringspan/internal/fleet/inventory"
	"github.com/ringspan/ringspan/internal/fleet/provision"
	"github.com/ringspan/ringspan/internal/fleet/remote"
	"github.com/ringspan/ringspan/internal/install"
	"github.com/ringspan/ringspan/internal/kubetest"
	"github.com/ringspan/ringspan/internal/region"
	"github.com/ringspan/ringspan/internal/ringstatus"
)

// halfPlatform is a fleet of two regions, one of which does not answer.
type halfPlatform struct {
	inventory.AWS
	infrastructure
}

func (halfPlatform) create(context.Context, work) (func(), error)               { return func() {}, nil }
func (halfPlatform) storage(context.Context, region.Region, func(string)) error { return nil }
func (halfPlatform) identities(context.Context, region.Region) error            { return nil }
func (halfPlatform) calls() int                                                 { return 0 }
func (halfPlatform) summary() string                                            { return "" }
func (halfPlatform) OpenProvider(context.Context) (provision.Provider, error)   { return nil, nil }
func (halfPlatform) Running(context.Context) (bool, []ringstatus.Fault, error)  { return true, nil, nil }

// deadAddress is one at which nobody listens.
func deadAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

const pair = `apiVersion: fleet.ringspan.io/v1alpha1
kind: Fleet
metadata: {name: pair}
spec: {regions: [{name: away, cidr: 172.21.0.0/16}, {name: here, cidr: 172.22.0.0/16}]}
---
apiVersion: v1
kind: Secret
metadata: {name: login, namespace: default}
stringData: {username: me, password: secret-word}
---
apiVersion: k8ssandra.io/v1alpha1
kind: K8ssandraCluster
metadata: {name: ring, namespace: default}
spec:
  cassandra:
    serverVersion: 5.0.9
    superuserSecretRef: {name: login}
    storageConfig: {cassandraDataVolumeClaimSpec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}
    datacenters:
      - {metadata: {name: dc1}, k8sContext: away, size: 1}
      - {metadata: {name: dc2}, k8sContext: here, size: 1}
`

// halfUp is an up of that fleet.
func halfUp(t *testing.T, cluster *kubetest.Cluster) (*Up, *bytes.Buffer) {
	t.Helper()
	t.Setenv("RINGSPAN_HOME", filepath.Join(t.TempDir(), "home"))
	f, err := fleet.Parse("f.yaml", []byte(pair))
	if err != nil {
		t.Fatal(err)
	}
	dead := "https://" + deadAddress(t)
	c := clientcmdapi.NewConfig()
	c.AuthInfos["me"] = &clientcmdapi.AuthInfo{ClientCertificateData: cluster.Admin.CertData, ClientKeyData: cluster.Admin.KeyData}
	for name, server := range map[string]string{"here": cluster.Admin.Host, "away": dead} {
		c.Clusters[name] = &clientcmdapi.Cluster{Server: server, CertificateAuthorityData: cluster.Admin.CAData}
		c.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: "me"}
	}
	data, err := clientcmd.Write(*c)
	if err != nil {
		t.Fatal(err)
	}
	home, err := remote.New("pair", remote.Record{Account: "1"})
	if err != nil {
		t.Fatal(err)
	}
	if err := home.Save(data); err != nil {
		t.Fatal(err)
	}
	out := &bytes.Buffer{}
	g := &halfPlatform{AWS: inventory.AWS{Fleet: home}, infrastructure: infrastructure{endpoints: []provision.Endpoint{
		{Region: "away", Cluster: "pair-away", Server: "https://away.example.com", Private: []string{"172.21.0.9", "172.21.1.9"}}, {Region: "here", Cluster: "pair-here", Server: "https://here.example.com"},
	}}}
	return &Up{file: f, platform: g, options: Options{Wait: true, Proof: true}}, out
}

// run is a whole run that must end well.
func run(t *testing.T, u *Up, out io.Writer) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	to := progress.New(progress.Options{Out: out})
	err := u.Run(ctx, to)
	to.Close()
	if err != nil {
		t.Fatalf("up: %v\n%s", err, out)
	}
}

func TestUpGoesOnWithTheRegionsThatAnswer(t *testing.T) {
	cluster := kubetest.Start(t)
	t.Run("a ring that may be in the other one alone is not begun", func(t *testing.T) { beginsNothing(t, cluster) })
	t.Run("a ring is changed where it has a copy", func(t *testing.T) { changesACopy(t, cluster) })
}

func beginsNothing(t *testing.T, cluster *kubetest.Cluster) {
	u, out := halfUp(t, cluster)
	run(t, u, out)
	for _, part := range []string{"away: its API server does not answer", "ring ring: no region that answers has it"} {
		if !strings.Contains(u.leftWords(), part) {
			t.Errorf("%q is not in\n%s", part, u.leftWords())
		}
	}
	peer := &corev1.Secret{}
	for _, o := range []struct {
		name   string
		object client.Object
	}{{install.OperatorName, &appsv1.Deployment{}}, {"peer-away", &configv1beta1.ClientConfig{}}, {"peer-away-kubeconfig", peer}} {
		if err := cluster.Client.Get(t.Context(), client.ObjectKey{Namespace: install.Namespace, Name: o.name}, o.object); err != nil {
			t.Error(err)
		}
	}
	if text := string(peer.Data[configv1beta1.KubeConfigKey]); !strings.Contains(text, "https://172.21.0.9") || !strings.Contains(text, "172.21.1.9:443") {
		t.Errorf("the other region is known as\n%s", text)
	}
	key := client.ObjectKey{Namespace: "default", Name: "ring"}
	if err := cluster.Client.Get(t.Context(), key, &k8ssandra.K8ssandraCluster{}); !apierrors.IsNotFound(err) {
		t.Errorf("the ring was begun while the region of its first datacenter is away: %v", err)
	}
}

// Its Secrets are not changed, because the copies there follow those of the region that is away.
func changesACopy(t *testing.T, cluster *kubetest.Cluster) {
	u, out := halfUp(t, cluster)
	k := &k8ssandra.K8ssandraCluster{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "ring"}}
	k.Spec.Cassandra = u.file.Rings[0].Spec.Cassandra.DeepCopy()
	k.Spec.Cassandra.Datacenters[1].Size = 2
	if err := cluster.Client.Create(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	u.options.Wait = false // there is no operator
	run(t, u, out)
	if err := cluster.Client.Get(t.Context(), client.ObjectKeyFromObject(k), k); err != nil || k.Spec.Cassandra.Datacenters[1].Size != 1 {
		t.Errorf("the ring there: %v, %+v", err, k.Spec.Cassandra.Datacenters)
	}
	if err := cluster.Client.Get(t.Context(), client.ObjectKey{Namespace: "default", Name: "login"}, &corev1.Secret{}); !apierrors.IsNotFound(err) {
		t.Errorf("a copy of the Secret was written over: %v", err)
	}
	if !strings.Contains(u.leftWords(), "Secret login: ") {
		t.Errorf("left out: %s", u.leftWords())
	}
}

func TestNoRegionAtAllIsAnError(t *testing.T) {
	u := &Up{regions: []region.Region{{Name: "a"}}, report: progress.New(progress.Options{Out: io.Discard})}
	if err := u.excludeUnanswered(t.Context(), map[string]error{"a": errors.New("refused")}); err == nil || !strings.Contains(err.Error(), "no region answers: a: ") {
		t.Errorf("%v", err)
	}
}
