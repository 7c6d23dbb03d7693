package controller_test

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	configv1beta1 "github.com/ringspan/ringspan/api/config/v1beta1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/install"
)

func (r *region) password(name string) string {
	r.t.Helper()
	var secret corev1.Secret
	if err := r.admin.Get(r.t.Context(), client.ObjectKey{Namespace: r.ns, Name: name}, &secret); err != nil {
		return err.Error()
	}
	return string(secret.Data["password"])
}

func TestTheSuperusersSecretIsPulledAndFollowed(t *testing.T) {
	s := running(t)
	w, c := s.by[west], s.by[central]
	if got := c.password("admin"); got != "secret" {
		t.Fatalf("the copy's password: %s", got)
	}
	var secret corev1.Secret
	s.must(w.admin.Get(t.Context(), client.ObjectKey{Namespace: s.ns, Name: "admin"}, &secret))
	secret.Data["password"] = []byte("changed")
	s.must(w.admin.Update(t.Context(), &secret))
	s.rounds(2)
	if got := c.password("admin"); got != "changed" {
		t.Errorf("the copy's password after a change: %s", got)
	}
	for _, r := range s.all() {
		if r.event("changed") || r.event("secret\"") {
			t.Error("a password is in an event")
		}
	}
}

func TestASecretIsMadeInTheFoundersRegion(t *testing.T) {
	s := newStage(t)
	w, c := s.by[west], s.by[central]
	c.apply(func(k *api.K8ssandraCluster) { k.Spec.Cassandra.SuperuserSecretRef.Name = "" })
	s.until("the Secret in both regions", func() bool {
		return len(w.password("ring-superuser")) == 32 && w.password("ring-superuser") == c.password("ring-superuser")
	})
}

func TestAMissingSecretIsNamed(t *testing.T) {
	s := newStage(t)
	w := s.by[west]
	w.apply(nil)
	s.rounds(4)
	if got := w.ring().Status.Error; !strings.Contains(got, "Secret admin does not exist in namespace "+s.ns+" of any region") {
		t.Errorf("status.error: %s", got)
	}
	w.secret("admin", map[string]string{"username": "admin"})
	s.rounds(2)
	if got := w.ring().Status.Error; !strings.Contains(got, "has no key password") {
		t.Errorf("status.error: %s", got)
	}
}

func TestARegionThatIsUnknownIsNamed(t *testing.T) {
	s := newStage(t)
	w := s.by[west]
	w.apply(func(k *api.K8ssandraCluster) { k.Spec.Cassandra.Datacenters[1].K8sContext = "us-east-1" })
	s.rounds(4)
	if got := w.ring().Status.Error; !strings.Contains(got, `spec.cassandra.datacenters[1].k8sContext: "us-east-1" is not a region`) {
		t.Errorf("status.error: %s", got)
	}
}

// A ClientConfig that can't be used is a region that can't be reached, with the reason, on the ring and on the ClientConfig.
func TestAClientConfigThatCantBeUsed(t *testing.T) {
	s := running(t)
	w := s.by[west]
	key := client.ObjectKey{Namespace: install.Namespace, Name: "peer-" + central}
	for _, c := range []struct {
		why, want string
		change    func(*corev1.Secret)
	}{
		{"another context", "its kubeconfig has no context " + central + ", only: other", func(o *corev1.Secret) {
			o.Data[configv1beta1.KubeConfigKey] = []byte(strings.ReplaceAll(string(o.Data[configv1beta1.KubeConfigKey]), "name: "+central, "name: other"))
		}},
		{"no kubeconfig", "its key kubeconfig is no kubeconfig", func(o *corev1.Secret) { o.Data[configv1beta1.KubeConfigKey] = []byte("{") }},
		{"no key", "has no key kubeconfig", func(o *corev1.Secret) { o.Data = nil }},
	} {
		var secret corev1.Secret
		s.must(w.admin.Get(t.Context(), key, &secret))
		c.change(&secret)
		s.must(w.admin.Update(t.Context(), &secret))
		s.rounds(2)
		peer := w.ring().Status.Peers[0]
		if peer.Reachable || !strings.Contains(peer.Message, c.want) || !w.event(c.want) {
			t.Errorf("%s: reachable %t, %q, an event: %t", c.why, peer.Reachable, peer.Message, w.event(c.want))
		}
		w.says(api.ClusterPeersReachable, corev1.ConditionFalse, central)
	}
	twice := &configv1beta1.ClientConfig{ObjectMeta: metav1.ObjectMeta{Namespace: install.Namespace, Name: "z-twice"}}
	twice.Spec.ContextName, twice.Spec.KubeConfigSecret.Name = central, "anything"
	self := &configv1beta1.ClientConfig{ObjectMeta: metav1.ObjectMeta{Namespace: install.Namespace, Name: "z-self"}}
	self.Spec.ContextName = west
	for _, o := range []client.Object{twice, self} {
		s.must(w.admin.Create(t.Context(), o))
	}
	s.rounds(1)
	for _, o := range []client.Object{twice, self} {
		s.must(w.admin.Delete(t.Context(), o))
	}
	if !w.event("names region "+central+" already") || !w.event("which is this one") {
		t.Errorf("events: %q", w.told)
	}
}

// A superuser's Secret that another region may have isn't made anew while that one can't be asked: the roles of the ring have
// the password that is in it. It comes back from there, and is the one that the others follow as before.
func TestASecretThatAPeerMayHaveIsNotMadeAnew(t *testing.T) {
	s := newStage(t)
	w, c := s.by[west], s.by[central]
	w.apply(func(k *api.K8ssandraCluster) { k.Spec.Cassandra.SuperuserSecretRef.Name = "" })
	s.until("the Secret in both regions", func() bool {
		return len(w.password("ring-superuser")) == 32 && w.password("ring-superuser") == c.password("ring-superuser")
	})
	made := w.password("ring-superuser")
	s.cut()
	s.must(w.admin.Delete(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "ring-superuser"}}))
	w.newOperator()
	s.rounds(3)
	if got := w.password("ring-superuser"); !strings.Contains(got, "not found") {
		t.Error("the Secret was made anew")
	}
	w.says(api.ClusterReady, corev1.ConditionFalse, "Secret ring-superuser", central)
	s.heal()
	s.until("the Secret to be pulled", func() bool { return w.password("ring-superuser") == made })
	var secret corev1.Secret
	s.must(w.admin.Get(t.Context(), client.ObjectKey{Namespace: s.ns, Name: "ring-superuser"}, &secret))
	secret.Data["password"] = []byte("changed")
	s.must(w.admin.Update(t.Context(), &secret))
	s.rounds(4)
	if w.password("ring-superuser") != "changed" || c.password("ring-superuser") != "changed" {
		t.Error("a change of the Secret was taken back")
	}
}
