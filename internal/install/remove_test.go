package install_test

import (
	"context"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/internal/install"
	"github.com/ringspan/ringspan/internal/kubetest"
)

// What Apply has written goes, in any order of interruptions; an object of the same name that somebody else made stays and
// is named, and so do the definitions and the namespace.
func TestRemoveTakesOnlyWhatApplyWrote(t *testing.T) {
	c := kubetest.Start(t).Client // has installed
	ctx := t.Context()
	options := install.Options{Region: "kubetest"}
	theirs := &rbacv1.ClusterRoleBinding{ObjectMeta: metav1.ObjectMeta{Name: install.PeerName}}
	must(t, c.Delete(ctx, theirs))
	theirs = &rbacv1.ClusterRoleBinding{ObjectMeta: metav1.ObjectMeta{Name: install.PeerName}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "view"}}
	must(t, c.Create(ctx, theirs))
	for range 2 {
		others, err := install.Remove(ctx, bounded{c, t}, options)
		must(t, err)
		if !slices.Equal(others, []string{"ClusterRoleBinding " + install.PeerName}) {
			t.Errorf("what isn't Apply's: %v", others)
		}
	}
	objects, err := install.Objects(options)
	must(t, err)
	for _, obj := range objects {
		key, name := client.ObjectKeyFromObject(obj), obj.GetObjectKind().GroupVersionKind().Kind+" "+obj.GetName()
		err := c.Get(ctx, key, obj)
		switch stays := name == "Namespace "+install.Namespace || name == "ClusterRoleBinding "+install.PeerName; {
		case stays || isDefinition(obj):
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		case !apierrors.IsNotFound(err):
			t.Errorf("%s is left: %v", name, err)
		}
	}
}

// bounded is a client that wants a deadline with every call: an API server that takes a
// connection may never answer.
type bounded struct {
	client.Client

	t *testing.T
}

func (b bounded) requireDeadline(ctx context.Context, o any) {
	if _, ok := ctx.Deadline(); !ok {
		b.t.Errorf("a call about %T has no deadline", o)
	}
}

func (b bounded) Get(ctx context.Context, key client.ObjectKey, o client.Object, how ...client.GetOption) error {
	b.requireDeadline(ctx, o)
	return b.Client.Get(ctx, key, o, how...)
}

func (b bounded) List(ctx context.Context, list client.ObjectList, how ...client.ListOption) error {
	b.requireDeadline(ctx, list)
	return b.Client.List(ctx, list, how...)
}

func (b bounded) Delete(ctx context.Context, o client.Object, how ...client.DeleteOption) error {
	b.requireDeadline(ctx, o)
	return b.Client.Delete(ctx, o, how...)
}

func isDefinition(obj client.Object) bool {
	_, ok := obj.(*apiextensionsv1.CustomResourceDefinition)
	return ok
}

// A fleet keeps its hands off a cluster whose operator or definitions are somebody else's, and removes none of it.
func TestAnOperatorBelongsToOneFleet(t *testing.T) {
	c := kubetest.Start(t).Client
	ctx := t.Context()
	of := func(fleet string) install.Options { return install.Options{Region: "kubetest", Fleet: fleet} }
	if err := install.RefuseForeign(ctx, c, of("mine")); err == nil {
		t.Error("an operator that belongs to no fleet was taken over")
	}
	must(t, install.Apply(ctx, c, of("theirs"), nil))
	must(t, install.RefuseForeign(ctx, bounded{c, t}, of("theirs")))
	if err := install.RefuseForeign(ctx, c, of("mine")); err == nil {
		t.Error("another fleet's operator was taken over")
	}
	if _, err := install.Remove(ctx, c, of("mine")); err == nil {
		t.Error("another fleet's operator was removed")
	}
	must(t, c.Get(ctx, client.ObjectKey{Namespace: install.Namespace, Name: install.OperatorName}, &appsv1.Deployment{}))

	_, err := install.Remove(ctx, c, of("theirs"))
	must(t, err)
	must(t, install.RefuseForeign(ctx, c, of("mine")))
	crd := &apiextensionsv1.CustomResourceDefinition{}
	must(t, c.Get(ctx, client.ObjectKey{Name: "k8ssandraclusters.k8ssandra.io"}, crd))
	crd.ManagedFields = []metav1.ManagedFieldsEntry{{}} // forget who wrote it
	must(t, c.Update(ctx, crd))
	if err := install.RefuseForeign(ctx, c, of("mine")); err == nil {
		t.Error("definitions of somebody else were taken over")
	}
}
