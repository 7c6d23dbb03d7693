package peers

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/internal/federation"
)

// Live asks a region for its copy of a shared object, past what is followed: proof for steps that can't be taken back. o is nil
// when it has none. An error says that it isn't known now: nobody answers in time, the kind isn't there any more, or it is
// another cluster that answers.
func (p *Peers) Live(ctx context.Context, s *Snapshot, k *federation.Kind, name types.NamespacedName) (o client.Object, c federation.Copy, err error) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	cluster, err := p.whoIs(ctx, s.Client)
	switch {
	case err != nil:
		return nil, c, errors.New(plainError(err))
	case s.cluster != "" && cluster != s.cluster:
		return nil, c, fmt.Errorf("another cluster answers in its place: the UID of its namespace %s was %s, and is %q", metav1.NamespaceSystem, s.cluster, cluster)
	}
	raw := &unstructured.Unstructured{}
	raw.SetGroupVersionKind(k.GroupVersionKind)
	err = s.Client.Get(ctx, name, raw)
	switch {
	case apierrors.IsNotFound(err) && !apierrors.HasStatusCause(err, metav1.CauseTypeUnexpectedServerResponse): // that one is of a kind that isn't there
		return nil, c, nil
	case err != nil:
		return nil, c, errors.New(plainError(err))
	}
	o, unknown, err := Followed{Kind: k, New: func() client.Object { return k.New() }}.read(raw)
	if err != nil {
		return nil, c, err
	}
	c = k.Copy(s.Region, o)
	c.Unknown = unknown
	return o, c, nil
}
