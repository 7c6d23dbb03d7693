package kubetest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/internal/kubetest"
)

// ourKinds are the kinds of the fixtures that must be accepted.
var ourKinds = map[string]bool{
	"CassandraDatacenter": true, "CassandraTask": true, "ScheduledTask": true,
	"K8ssandraCluster": true, "K8ssandraTask": true, "ReplicatedSecret": true, "ClientConfig": true,
}

// strictlyRefused are fixtures with fields that no version of the schema has: refused where the client asks for unknown
// fields to be refused (kubectl does, upstream's schema then refuses them too), accepted without them otherwise.
var strictlyRefused = map[string]string{
	// The scaffold that the kubebuilder tool made, never filled in.
	"k8ssandra-operator/config/samples/k8ssandra.io_v1alpha1_k8ssandracluster.yaml": `unknown field "spec.foo"`,
}

// Every manifest of K8ssandra's own test suites is accepted as it is, even where unknown fields are to be refused.
func TestFixturesAreAccepted(t *testing.T) {
	cluster := kubetest.Shared(t)
	plain := client.NewDryRunClient(cluster.Client)
	strict := client.WithFieldValidation(plain, metav1.FieldValidationStrict)
	count := 0
	for _, obj := range fixtures(t) {
		count++
		t.Run(obj.file+"/"+obj.GetKind()+"/"+obj.GetName(), func(t *testing.T) {
			inNamespace(t, cluster.Client, obj.Unstructured)
			if err := plain.Create(t.Context(), obj.DeepCopy()); err != nil {
				t.Errorf("refused: %v", err)
			}
			err := strict.Create(t.Context(), obj.DeepCopy())
			want, known := strictlyRefused[obj.file]
			switch {
			case !known && err != nil:
				t.Errorf("refused: %v", err)
			case known && (err == nil || !strings.Contains(err.Error(), want)):
				t.Errorf("got %v, want a refusal with %q", err, want)
			}
		})
	}
	if count != 63 {
		t.Errorf("found %d manifests, want all 63", count)
	}
}

type fixture struct {
	*unstructured.Unstructured
	file string
}

// fixtures reads every object of our kinds.
func fixtures(t *testing.T) []fixture {
	t.Helper()
	root, err := kubetest.Root()
	if err != nil {
		t.Fatal(err)
	}
	base := filepath.Join(root, "test", "fixtures")
	var found []fixture
	err = filepath.WalkDir(base, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasPrefix(filepath.Ext(path), ".y") {
			return err
		}
		name, err := filepath.Rel(base, path)
		if err != nil {
			return err
		}
		objects, err := read(path)
		for _, o := range objects {
			found = append(found, fixture{o, name})
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func read(path string) ([]*unstructured.Unstructured, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(raw), 4096)
	var objects []*unstructured.Unstructured
	for {
		u := &unstructured.Unstructured{}
		err := decoder.Decode(&u.Object)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, err
		}
		if ourKinds[u.GetKind()] {
			objects = append(objects, u)
		}
	}
}

// inNamespace makes the namespace that a manifest names, "default" when none.
func inNamespace(t *testing.T, c client.Client, obj *unstructured.Unstructured) {
	t.Helper()
	if obj.GetNamespace() == "" {
		obj.SetNamespace("default")
	}
	err := c.Create(context.WithoutCancel(t.Context()), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: obj.GetNamespace()}})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
}
