package deletion_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/internal/deletion"
)

// answers is an API server that has one namespace and one definition, each "there", "going", "gone" or silent.
type answers struct {
	client.Reader
	namespace, definition string
}

func (a answers) Get(_ context.Context, key client.ObjectKey, o client.Object, _ ...client.GetOption) error {
	state := a.definition
	if _, is := o.(*corev1.Namespace); is {
		state = a.namespace
	} else if key.Name != deletion.RingDefinition {
		return errors.New("another definition")
	}
	switch state {
	case "there":
		return nil
	case "going":
		o.SetDeletionTimestamp(&metav1.Time{Time: time.Unix(1, 0)})
		return nil
	case "gone":
		return apierrors.NewNotFound(schema.GroupResource{}, key.Name)
	}
	return errors.New("no answer")
}

func TestCause(t *testing.T) {
	for _, c := range []struct{ namespace, definition, want string }{
		{"there", "there", ""},
		{"going", "there", "namespace ns is being deleted"},
		{"gone", "there", "namespace ns is gone"},
		{"there", "going", "CustomResourceDefinition " + deletion.RingDefinition + " is being deleted"},
		{"there", "gone", "CustomResourceDefinition " + deletion.RingDefinition + " is being deleted"},
		{"there", "silent", "error"},
		{"silent", "there", "error"},
	} {
		o := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "ring"}}
		why, err := deletion.Cause(t.Context(), answers{namespace: c.namespace, definition: c.definition}, o, deletion.RingDefinition)
		if (c.want == "error") != (err != nil) || err == nil && why != c.want {
			t.Errorf("namespace %s, definition %s: %q, %v", c.namespace, c.definition, why, err)
		}
		if err != nil && !strings.Contains(err.Error(), "no answer") {
			t.Errorf("the error doesn't say why: %v", err)
		}
	}
}

func TestLonger(t *testing.T) {
	for _, c := range []struct{ a, b, want string }{
		{"", "", ""}, {"24h", "", "24h"}, {"", "24h", "24h"}, {"24h", "168h", "168h"}, {"168h", "24h", "168h"}, {"60m", "1h", "60m"},
		{"24h", "a week", "a week"}, {"a week", "24h", "a week"}, {"-1h", "", ""}, {"-1h", "24h", "24h"},
	} {
		if got := deletion.Longer(c.a, c.b); got != c.want {
			t.Errorf("of %q and %q: %q", c.a, c.b, got)
		}
	}
}
