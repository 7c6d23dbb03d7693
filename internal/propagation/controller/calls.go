package controller

import (
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/fleet/v1alpha1"
)

// calls are those of one pass about propagated objects. Of an object about which a call was not answered nothing more is asked in
// the pass: a webhook or an API service that hangs holds it up once, for callTimeout.
type calls struct {
	*Reconciler

	silent map[api.ObjectReference]error
}

// errSilent is what further calls get.
var errSilent = errors.New("it is asked again later")

// as is a client for an object; an error when there was no answer about it in this pass.
func (r *calls) as(p *api.Propagation, ref api.ObjectReference) (client.Client, error) {
	if err := r.silent[key(ref)]; err != nil {
		return nil, fmt.Errorf("%w; %w", err, errSilent)
	}
	return r.As(namespaceOf(p, ref), p.Spec.ServiceAccountName)
}

// heard notes what came of a call about an object, and returns it.
func (r *calls) heard(ref api.ObjectReference, err error) error {
	if unanswered(err) {
		r.silent[key(ref)] = err
	}
	return err
}

// key is the same for each look at an object.
func key(ref api.ObjectReference) api.ObjectReference {
	ref.APIVersion, ref.UID = "", ""
	return ref
}

// unanswered tells of a call that ended without the API server's word on it: it was too late, or what it asks didn't answer.
func unanswered(err error) bool {
	status := apierrors.APIStatus(nil)
	return err != nil && !errors.Is(err, errSilent) && (!errors.As(err, &status) || status.Status().Code >= 500)
}

// result is when the next pass comes.
func (r *calls) result(after time.Duration) ctrl.Result {
	if len(r.silent) > 0 {
		after = max(after, silence)
	}
	return ctrl.Result{RequeueAfter: after}
}
