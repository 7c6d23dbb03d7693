// Package deletion tells a deletion that somebody asked for from a loss, and has the words with which people say what is
// to go. An object that goes with its namespace or with its CustomResourceDefinition was lost: nobody asked for it as such.
//
// Start reading at Cause.
package deletion

import (
	"context"
	"fmt"
	"math"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/internal/federation"
)

// Annotation on an object that is being deleted says what its region's operator has found out: Asked or Lost. Without it
// nothing is known, and others must not follow.
const (
	Annotation = federation.DeletionAnnotation
	Asked      = federation.DeletionAsked // somebody asked for this deletion as such; what happens to the namespace later doesn't change that
	Lost       = "lost"                   // it goes with its namespace or its definition
)

// Annotations with which people decide.
const (
	// LetGo "true", on something that was lost or on its namespace: its data may go.
	LetGo = federation.LetGoAnnotation
	// BringBack, on a copy of a ring, names the region that may make again what it has lost. It is taken away when that is
	// done.
	BringBack = federation.BringBackAnnotation
	// Protection "true", on a ring or a datacenter, has its deletion refused until it is taken off: config/admission.
	Protection = "ringspan.io/deletion-protection"
	// KeepVolumes, on a ring or a datacenter, is how long its volumes stay after an agreed deletion, as 168h; not at all
	// without it.
	KeepVolumes = "ringspan.io/keep-volumes"
)

// KeepData is the finalizer that keeps the claim of a datacenter's volume, and KeptUntil says on a claim until when it stays
// though its datacenter was deleted: package claim.
const (
	KeepData  = "ringspan.io/keep-data"
	KeptUntil = "ringspan.io/kept-until" // a time, RFC 3339
)

// The definitions of what is looked at.
const (
	RingDefinition       = "k8ssandraclusters.k8ssandra.io"
	DatacenterDefinition = "cassandradatacenters.cassandra.datastax.com"
)

// Cause says in words why an object that is being deleted goes without anybody having asked for it; "" when somebody did.
// Kubernetes marks a namespace and a definition before it deletes what belongs to them, so a fresh reading of these, made
// after the object was seen to be going, is proof. live must not be a cache. What can't be read is an error, never a wish.
func Cause(ctx context.Context, live client.Reader, o client.Object, definition string) (string, error) {
	why, err := NamespaceGoes(ctx, live, o.GetNamespace())
	if why != "" || err != nil {
		return why, err
	}
	crd := &metav1.PartialObjectMetadata{TypeMeta: metav1.TypeMeta{APIVersion: "apiextensions.k8s.io/v1", Kind: "CustomResourceDefinition"}}
	err = live.Get(ctx, client.ObjectKey{Name: definition}, crd)
	switch {
	case apierrors.IsNotFound(err), err == nil && !crd.DeletionTimestamp.IsZero():
		return fmt.Sprintf("CustomResourceDefinition %s is being deleted", definition), nil
	case err != nil:
		return "", fmt.Errorf("reading CustomResourceDefinition %s: %w", definition, err)
	}
	return "", nil
}

// NamespaceGoes says in words that a namespace is being deleted or gone; "" when it stays. live must not be a cache.
func NamespaceGoes(ctx context.Context, live client.Reader, name string) (string, error) {
	ns := &corev1.Namespace{}
	err := live.Get(ctx, client.ObjectKey{Name: name}, ns)
	switch {
	case apierrors.IsNotFound(err):
		return fmt.Sprintf("namespace %s is gone", name), nil
	case err != nil:
		return "", fmt.Errorf("reading namespace %s: %w", name, err)
	case !ns.DeletionTimestamp.IsZero(), ns.Status.Phase == corev1.NamespaceTerminating:
		return fmt.Sprintf("namespace %s is being deleted", name), nil
	}
	return "", nil
}

// Longer is the one of two values of KeepVolumes that keeps volumes longer. One that can't be read keeps them until it can.
func Longer(a, b string) string {
	if keeps(b) > keeps(a) {
		return b
	}
	return a
}

func keeps(text string) time.Duration {
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return math.MaxInt64
	}
	return d
}

// MayGo tells whether a person has said, on the object or on its namespace, that its data may go.
func MayGo(ctx context.Context, live client.Reader, o client.Object) (bool, error) {
	if o.GetAnnotations()[LetGo] == "true" {
		return true, nil
	}
	ns := &corev1.Namespace{}
	err := live.Get(ctx, client.ObjectKey{Name: o.GetNamespace()}, ns)
	if err != nil && !apierrors.IsNotFound(err) {
		return false, fmt.Errorf("reading namespace %s: %w", o.GetNamespace(), err)
	}
	return ns.Annotations[LetGo] == "true", nil
}

// IsAsked tells whether an object is being deleted because somebody asked for it.
func IsAsked(o client.Object) bool { return federation.IsAsked(o) }
