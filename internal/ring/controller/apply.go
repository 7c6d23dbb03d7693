package controller

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/ring"
)

// fieldOwner is this operator in server-side apply.
const fieldOwner = client.FieldOwner("ringspan")

// apply takes the steps in order. One that fails for a datacenter is no reason to leave the others; one that fails for the
// ring is. If something was written meanwhile, it ends: another pass with fresher eyes follows at once.
func (r *Reconciler) apply(ctx context.Context, s *ring.State, p ring.Plan) (done ring.Progress, conflict bool) {
	for _, step := range p.Steps {
		if done.Skips(step) {
			continue
		}
		err := r.take(ctx, s, step)
		if apierrors.IsConflict(err) {
			return done, true
		}
		if err != nil {
			done.Fail(step, err)
		}
	}
	return done, false
}

// take takes one step.
func (r *Reconciler) take(ctx context.Context, s *ring.State, step ring.Step) error {
	switch step.Verb {
	case ring.Share:
		return r.Peers.Allow(ctx, sharingRole(s.Ring), step.Object.GetName())
	case ring.MakeSecret:
		secret, _ := step.Object.(*corev1.Secret)
		return client.IgnoreAlreadyExists(r.Client.Create(ctx, withPassword(secret)))
	case ring.CopySecret, ring.MakeTask:
		return client.IgnoreAlreadyExists(r.Client.Create(ctx, step.Object))
	case ring.DeleteTask:
		uid := step.Object.GetUID()
		return client.IgnoreNotFound(r.Client.Delete(ctx, step.Object, client.Preconditions{UID: &uid}))
	case ring.Publish, ring.UpdateSecret:
		if step.Exists {
			return r.Client.Update(ctx, step.Object)
		}
		return r.Client.Create(ctx, step.Object)
	case ring.Apply:
		err := r.Client.Patch(ctx, step.Object, client.Apply, fieldOwner, client.ForceOwnership) //nolint:staticcheck // typed objects: see package datacenter
		if step.Exists && isRefusal(err) {
			return errors.Join(err, r.applyMetadata(ctx, step.Object))
		}
		return err
	case ring.Tell:
		return r.tell(ctx, step)
	case ring.Remove:
		return r.remove(ctx, step)
	case ring.Clear:
		next, _ := step.Object.(*api.K8ssandraCluster)
		err := patch(ctx, r.Client, next, s.Ring)
		if err == nil {
			s.Ring = next // its status is written as of this version
		}
		return err
	}
	return errUnknownVerb
}

var errUnknownVerb = errors.New("the plan has a verb that this version can't carry out")

// withPassword is a superuser's Secret with contents.
func withPassword(secret *corev1.Secret) *corev1.Secret {
	password := make([]byte, 24)
	_, _ = rand.Read(password) // never fails
	full := secret.DeepCopy()
	full.Data = map[string][]byte{"username": []byte(secret.Name), "password": []byte(base64.RawURLEncoding.EncodeToString(password))}
	return full
}

// sharingRole is the Role with which a ring's Secret is shared. Those for ReplicatedSecrets and their copies begin like the
// ones of rings; a ring whose name could be meant by both has a name for its Role that no other can have.
func sharingRole(k *api.K8ssandraCluster) metav1.ObjectMeta {
	name := "ringspan-peer-" + k.Name
	for _, theirs := range []string{"secrets-", "copy-"} {
		if strings.HasPrefix(k.Name, theirs) {
			name = "ringspan-peer:" + k.Name
		}
	}
	return metav1.ObjectMeta{Namespace: k.Namespace, Name: name, Labels: map[string]string{api.ClusterNameLabel: k.Name, api.ClusterNamespaceLabel: k.Namespace}}
}
