package operator

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/internal/grant"
	"github.com/ringspan/ringspan/internal/kubetest"
)

// allows asks the API server whether somebody may do something in a namespace that nobody has.
func allows(t *testing.T, as *rest.Config, a authorizationv1.ResourceAttributes) bool {
	t.Helper()
	c, err := client.New(as, client.Options{Scheme: kubetest.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &a}}
	if err := c.Create(t.Context(), review); err != nil {
		t.Fatal(err)
	}
	return review.Status.Allowed
}

type right struct{ verb, group, resource, sub string }

func (r right) in(namespace string) authorizationv1.ResourceAttributes {
	return authorizationv1.ResourceAttributes{Namespace: namespace, Verb: r.verb, Group: r.group, Resource: r.resource, Subresource: r.sub}
}

// What the operator may not do, so that who takes its pod can't either: become another, run something of its own, give
// itself more, grant what namespaces don't, keep an eye on all Secrets.
func TestTheOperatorMayNotBecomeMore(t *testing.T) {
	as := kubetest.Region(t, west).Operator()
	const rbac = "rbac.authorization.k8s.io"
	for _, r := range []right{
		{"create", "", "pods", ""}, {"create", "", "pods", "exec"}, {"update", "", "pods", "ephemeralcontainers"}, {"create", "", "serviceaccounts", "token"},
		{"escalate", rbac, "roles", ""}, {"bind", rbac, "roles", ""}, {"create", rbac, "clusterroles", ""}, {"create", rbac, "clusterrolebindings", ""},
		{"update", "", "namespaces", ""}, {"patch", "", "namespaces", ""}, {"watch", "", "secrets", ""}, {"deletecollection", "", "secrets", ""},
		{"impersonate", "", "users", ""}, {"impersonate", "", "serviceaccounts", ""}, {"update", "", "nodes", ""}, {"get", "", "nodes", "proxy"}, {"create", "apps", "daemonsets", ""},
		{"update", "apiextensions.k8s.io", "customresourcedefinitions", ""}, {"update", "admissionregistration.k8s.io", "validatingadmissionpolicies", ""},
	} {
		if allows(t, as, r.in("any")) {
			t.Errorf("the operator may %v", r)
		}
	}
}

// Another region's operator looks at rings and at what namespaces accept, and reads no Secret that nobody has shared.
func TestAPeerMayOnlyLook(t *testing.T) {
	as := kubetest.Region(t, west).Peer()
	for _, r := range []right{
		{"get", "", "secrets", ""}, {"list", "", "secrets", ""}, {"get", "", "pods", ""}, {"get", "", "pods", "log"}, {"list", "", "namespaces", ""}, {"update", "", "namespaces", ""},
		{"update", "k8ssandra.io", "k8ssandraclusters", ""}, {"delete", "k8ssandra.io", "k8ssandraclusters", ""}, {"update", "cassandra.datastax.com", "cassandradatacenters", ""},
		{"create", "control.k8ssandra.io", "cassandratasks", ""}, {"update", "control.k8ssandra.io", "k8ssandratasks", ""}, {"update", "replication.k8ssandra.io", "replicatedsecrets", ""},
		{"update", "fleet.ringspan.io", "propagations", ""}, {"get", "", "configmaps", ""},
	} {
		if allows(t, as, r.in("any")) {
			t.Errorf("a peer may %v", r)
		}
	}
	for _, r := range []right{{"list", "k8ssandra.io", "k8ssandraclusters", ""}, {"watch", "control.k8ssandra.io", "k8ssandratasks", ""}, {"list", "cassandra.datastax.com", "cassandradatacenters", ""}, {"get", "", "namespaces", ""}} {
		if !allows(t, as, r.in("any")) {
			t.Errorf("a peer may not %v", r)
		}
	}
}

// All rights in a namespace, Kubernetes' role admin with all that is ours, are no right to grant anything in its name.
func TestANamespacesAdministratorCantGrant(t *testing.T) {
	cluster := kubetest.Region(t, west)
	ns := cluster.Namespace(t)
	role := &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "all"}, Rules: []rbacv1.PolicyRule{{APIGroups: []string{"*"}, Resources: []string{"*"}, Verbs: []string{"*"}}}}
	binding := &rbacv1.RoleBinding{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "all"}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "all"},
		Subjects: []rbacv1.Subject{{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: "shopkeeper"}}}
	for _, o := range []client.Object{role, binding} {
		if err := cluster.Client.Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	as := rest.CopyConfig(cluster.Admin)
	as.Impersonate = rest.ImpersonationConfig{UserName: "shopkeeper", Groups: []string{"system:authenticated"}}
	c, err := client.New(as, client.Options{Scheme: kubetest.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the rights to be known", func(ctx context.Context) (bool, error) {
		return c.List(ctx, &corev1.SecretList{}, client.InNamespace(ns)) == nil, nil
	})
	other := cluster.Namespace(t)
	o := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: other}}
	before := o.DeepCopy()
	o.Annotations = map[string]string{grant.Annotation: ns}
	if err := c.Patch(t.Context(), o, client.MergeFrom(before)); !apierrors.IsForbidden(err) {
		t.Errorf("granted in another namespace: %v", err)
	}
}

// Secrets are listed in a namespace, and never all of a cluster's.
func TestSecretsAreListedInANamespaceOnly(t *testing.T) {
	found := 0
	for _, c := range calls(t) {
		if c.kind != "Secret" || c.verb != "List" {
			continue
		}
		if found++; !c.scoped {
			t.Errorf("%s lists the Secrets of all namespaces", c.where)
		}
	}
	if found == 0 {
		t.Error("no list of Secrets: it isn't found any more")
	}
}

// Each numbered sentence of the threat model names tests, and those are there.
func TestTheThreatModelIsTested(t *testing.T) {
	root, err := kubetest.Root()
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]bool{}
	err = filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		data, err := os.ReadFile(path)
		for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllStringSubmatch(string(data), -1) {
			tests[m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "docs", "security.md"))
	if err != nil {
		t.Fatal(err)
	}
	sentences := regexp.MustCompile(`(?m)^\d+\. (?:.+\n)(?:   .+\n)*`).FindAllString(string(text), -1)
	for _, s := range sentences {
		named := regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(s, -1)
		if len(named) == 0 {
			t.Errorf("no test is named by: %s", s)
		}
		for _, m := range named {
			if !tests[m[1]] {
				t.Errorf("there is no test %s, which is named by: %s", m[1], s)
			}
		}
	}
	if len(sentences) < 12 {
		t.Errorf("%d sentences", len(sentences))
	}
}
