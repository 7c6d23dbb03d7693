package install_test

import (
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	configv1beta1 "github.com/ringspan/ringspan/api/config/v1beta1"
	"github.com/ringspan/ringspan/config/admission"
	"github.com/ringspan/ringspan/config/crd"
	"github.com/ringspan/ringspan/internal/install"
)

// All definitions together stay small, so that they can be applied like anything else; upstream's take 3 MB.
func TestDefinitionsAreSmall(t *testing.T) {
	const limit = 400_000
	files, err := fs.Glob(crd.Files, "*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, name := range files {
		raw, err := fs.ReadFile(crd.Files, name)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%7d %s", len(raw), name)
		total += len(raw)
	}
	t.Logf("%7d in %d files", total, len(files))
	if len(files) != 9 || total > limit {
		t.Errorf("%d definitions have %d bytes, want 9 with at most %d", len(files), total, limit)
	}
}

func TestObjectsComeInOrder(t *testing.T) {
	objects, err := install.Objects(install.Options{Region: "eu-west-1"})
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, o := range objects {
		kinds = append(kinds, o.GetObjectKind().GroupVersionKind().Kind)
	}
	want := []string{"CustomResourceDefinition", "Namespace", "ServiceAccount", "Secret", "ClusterRole",
		"ClusterRoleBinding", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding", "Role", "RoleBinding"}
	for range policies(t) { // each with its binding
		want = append(want, "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")
	}
	want = append(want, "Deployment")
	if diff := cmp.Diff(want, slices.Compact(kinds)); diff != "" {
		t.Errorf("kinds (-want +got):\n%s", diff)
	}
}

// policies are the files of config/admission: each is one that is installed.
func policies(t *testing.T) []string {
	t.Helper()
	files, err := fs.Glob(admission.Files, "*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d policies, %v", len(files), err)
	}
	return files
}

// A policy about what is deprecated warns; every other one refuses, and refuses too what it can't tell.
func TestPoliciesRefuseOrWarn(t *testing.T) {
	objects, err := install.Policies()
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(objects); i += 2 {
		policy, binding := objects[i].(*admissionv1.ValidatingAdmissionPolicy), objects[i+1].(*admissionv1.ValidatingAdmissionPolicyBinding)
		action, on := admissionv1.Deny, admissionv1.Fail
		if strings.HasSuffix(policy.Name, "-deprecated") {
			action, on = admissionv1.Warn, admissionv1.Ignore
		}
		if got := binding.Spec; got.PolicyName != policy.Name || !slices.Equal(got.ValidationActions, []admissionv1.ValidationAction{action}) || *policy.Spec.FailurePolicy != on {
			t.Errorf("%s: bound as %+v, failurePolicy %s", policy.Name, got, *policy.Spec.FailurePolicy)
		}
	}
}

// Another build under the same tag makes another pod of the operator; nothing else changes.
func TestAnotherBuildChangesTheOperatorsPodOnly(t *testing.T) {
	with := func(id string) []client.Object {
		objects, err := install.Objects(install.Options{Region: "eu-west-1", ImageID: id})
		if err != nil {
			t.Fatal(err)
		}
		return objects
	}
	before, after := with("ringspan/operator@sha256:1"), with("ringspan/operator@sha256:2")
	last := len(before) - 1
	if diff := cmp.Diff(before[:last], after[:last]); diff != "" {
		t.Errorf("beside the operator: %s", diff)
	}
	old, next := before[last].(*appsv1.Deployment), after[last].(*appsv1.Deployment)
	if cmp.Equal(old.Spec.Template, next.Spec.Template) {
		t.Error("the operator's pod stays")
	}
	next.Spec.Template.Annotations = old.Spec.Template.Annotations
	if diff := cmp.Diff(old, next); diff != "" {
		t.Error(diff)
	}
}

func TestARegionIsNeeded(t *testing.T) {
	if _, err := install.Objects(install.Options{}); err == nil {
		t.Error("objects without a region")
	}
}

// The operator runs without any privilege of its node.
func TestTheOperatorIsConfined(t *testing.T) {
	d := operator(t)
	pod := d.Spec.Template.Spec
	c := pod.Containers[0]
	s := c.SecurityContext
	for what, ok := range map[string]bool{
		"non-root":                 *pod.SecurityContext.RunAsNonRoot && *pod.SecurityContext.RunAsUser != 0,
		"read-only root":           *s.ReadOnlyRootFilesystem,
		"no privilege escalation":  !*s.AllowPrivilegeEscalation,
		"no capabilities":          slices.Equal(s.Capabilities.Drop, []corev1.Capability{"ALL"}) && len(s.Capabilities.Add) == 0,
		"no host network":          !pod.HostNetwork && !pod.HostPID && len(pod.Volumes) == 0,
		"liveness and readiness":   c.LivenessProbe != nil && c.ReadinessProbe != nil,
		"memory request and limit": !c.Resources.Requests.Memory().IsZero() && !c.Resources.Limits.Memory().IsZero(),
		"never two at once":        d.Spec.Strategy.Type == appsv1.RecreateDeploymentStrategyType && *d.Spec.Replicas == 1,
	} {
		if !ok {
			t.Errorf("not so: %s", what)
		}
	}
	if diff := cmp.Diff([]string{"run", "--region", "eu-west-1", "--namespace", install.Namespace}, c.Args); diff != "" {
		t.Errorf("arguments (-want +got):\n%s", diff)
	}
}

func TestImagesFromARegistry(t *testing.T) {
	objects, err := install.Objects(install.Options{Region: "eu-west-1", Image: "registry.example.com/operator:v1", AgentImage: "registry.example.com/agent:v1"})
	if err != nil {
		t.Fatal(err)
	}
	c := objects[len(objects)-1].(*appsv1.Deployment).Spec.Template.Spec.Containers[0]
	if c.Image != "registry.example.com/operator:v1" || !slices.Equal(c.Args[len(c.Args)-2:], []string{"--agent-image", "registry.example.com/agent:v1"}) {
		t.Errorf("%s %v", c.Image, c.Args)
	}
}

func operator(t *testing.T) *appsv1.Deployment {
	t.Helper()
	objects, err := install.Objects(install.Options{Region: "eu-west-1"})
	if err != nil {
		t.Fatal(err)
	}
	return objects[len(objects)-1].(*appsv1.Deployment)
}

// Peers only read, and no Secrets; nobody gets everything.
func TestPermissionsAreNarrow(t *testing.T) {
	objects, err := install.AccessObjects()
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		role, ok := o.(*rbacv1.ClusterRole)
		if !ok {
			continue
		}
		for _, rule := range role.Rules {
			all := slices.Concat(rule.APIGroups, rule.Resources, rule.Verbs)
			if slices.Contains(all, "*") {
				t.Errorf("%s: a rule with *: %v", role.Name, rule)
			}
			if role.Name == install.PeerName && (slices.Contains(rule.Resources, "secrets") || !readOnly(rule.Verbs)) {
				t.Errorf("%s: more than looking: %v", role.Name, rule)
			}
		}
	}
}

func readOnly(verbs []string) bool {
	return !slices.ContainsFunc(verbs, func(v string) bool { return !slices.Contains([]string{"get", "list", "watch"}, v) })
}

func TestAPeerIsAClientConfigWithItsKubeconfig(t *testing.T) {
	objects, err := install.PeerObjects("", install.Peer{
		Region: "eu-central-1", Server: "https://172.22.255.10:6443", CA: []byte("pem"), Token: "secret",
	})
	if err != nil {
		t.Fatal(err)
	}
	secret, cfg := objects[0], objects[1].(*configv1beta1.ClientConfig)
	if cfg.GetContextName() != "eu-central-1" || cfg.Spec.KubeConfigSecret.Name != secret.GetName() {
		t.Errorf("ClientConfig: %+v", cfg.Spec)
	}
	raw, err := install.Kubeconfig(install.Peer{Region: "eu-central-1", Server: "https://172.22.255.10:6443", CA: []byte("pem"), Token: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	rest, err := clientcmd.RESTConfigFromKubeConfig(raw)
	if err != nil {
		t.Fatal(err)
	}
	if rest.Host != "https://172.22.255.10:6443" || rest.BearerToken != "secret" || string(rest.CAData) != "pem" {
		t.Errorf("kubeconfig leads to %s with CA %q", rest.Host, rest.CAData)
	}
}

func TestAPeerNeedsRegionServerAndToken(t *testing.T) {
	for _, p := range []install.Peer{{Server: "s", Token: "t"}, {Region: "r", Token: "t"}, {Region: "r", Server: "s"}} {
		if _, err := install.PeerObjects("", p); err == nil {
			t.Errorf("objects for %+v", p)
		}
	}
}
