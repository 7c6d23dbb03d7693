package kubetest_test

import (
	"os"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	k8ssandrav1alpha1 "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/install"
	"github.com/ringspan/ringspan/internal/kubetest"
)

func TestMain(m *testing.M) { os.Exit(kubetest.Main(m)) }

// The operator's and the peers' configurations have the shipped permissions and no more.
func TestShippedPermissions(t *testing.T) {
	cluster := kubetest.Shared(t)
	ns := cluster.Namespace(t)
	operator, err := client.New(cluster.Operator(), client.Options{Scheme: cluster.Scheme})
	if err != nil {
		t.Fatal(err)
	}
	peer, err := client.New(cluster.Peer(), client.Options{Scheme: cluster.Scheme})
	if err != nil {
		t.Fatal(err)
	}
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "s"}}
	if err := operator.Create(t.Context(), secret); err != nil {
		t.Errorf("the operator can't create a Secret: %v", err)
	}
	if err := operator.List(t.Context(), &corev1.NodeList{}); !apierrors.IsForbidden(err) {
		t.Errorf("the operator listing nodes: got %v, want forbidden", err)
	}
	if err := peer.List(t.Context(), &k8ssandrav1alpha1.K8ssandraClusterList{}); err != nil {
		t.Errorf("a peer can't list rings: %v", err)
	}
	if err := peer.Get(t.Context(), client.ObjectKeyFromObject(secret), secret); !apierrors.IsForbidden(err) {
		t.Errorf("a peer reading a Secret: got %v, want forbidden", err)
	}
}

// What is refused later is refused at once: whoever gets a cluster doesn't meet an API server that hasn't read its policies yet.
func TestPoliciesAreInForceAtOnce(t *testing.T) {
	refused := parse(t, validDatacenter)
	refused.SetAnnotations(map[string]string{"cassandra.datastax.com/autoupdate-spec": "sometimes"})
	cluster := kubetest.Start(t)
	if err := client.NewDryRunClient(cluster.Client).Create(t.Context(), refused); !apierrors.IsInvalid(err) {
		t.Errorf("got %v, want it refused as invalid", err)
	}
	policies := &admissionv1.ValidatingAdmissionPolicyList{}
	if err := cluster.Client.List(t.Context(), policies); err != nil {
		t.Fatal(err)
	}
	shipped, err := install.Policies()
	if err != nil {
		t.Fatal(err)
	}
	if len(policies.Items)*2 != len(shipped) {
		t.Errorf("there are %d policies, want the %d that are shipped", len(policies.Items), len(shipped)/2)
	}
}
