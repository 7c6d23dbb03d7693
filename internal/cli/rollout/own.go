package rollout

import (
	"context"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/util/csaupgrade"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/internal/fleet/lifecycle"
	"github.com/ringspan/ringspan/internal/region"
)

// writeAgain is how often, and how soon, a ring is written again that its operator has written meanwhile.
var writeAgain = wait.Backoff{Steps: 10, Duration: 10 * time.Millisecond, Factor: 1.5, Jitter: 0.1}

// ownWritten does what own does, and warns when that fails: the ring is edited all the same. edited is the ring as it was just written;
// nil when an earlier call has written it.
func (u *undo) ownWritten(ctx context.Context, edited *unstructured.Unstructured) {
	if edited != nil {
		edited = edited.DeepCopy()
	}
	if err := u.own(ctx, edited); err != nil {
		u.warn("what was put back isn't taken away again by `ringspan up` when your file doesn't have it: " + err.Error())
	}
}

// own makes what was put back a part of what `ringspan up` has applied, if it has: the next up takes away then what its file doesn't have.
// The API server keeps an update's fields apart from an apply's otherwise, and up would leave them.
func (u *undo) own(ctx context.Context, edited *unstructured.Unstructured) error {
	ctx, cancel := context.WithTimeout(ctx, region.AnswerLimit)
	defer cancel()
	err := retry.OnError(writeAgain, isOutdated, func() (err error) {
		if edited == nil {
			if edited, err = u.stored(ctx); err != nil {
				return err
			}
		}
		patch, err := ownPatch(edited)
		if err != nil || len(patch) == 0 {
			return err
		}
		one := edited
		edited = nil
		return u.home.Client.Patch(ctx, one, client.RawPatch(types.JSONPatchType, patch), lifecycle.FieldOwner)
	})
	if isOutdated(err) {
		return errBusy
	}
	return err
}

// isOutdated tells whether a patch was refused because the ring is another version by now.
func isOutdated(err error) bool { return apierrors.IsConflict(err) || apierrors.IsInvalid(err) }

// ownPatch makes what updates of this program have written a part of what it has applied; empty when there is no such thing.
func ownPatch(ring *unstructured.Unstructured) ([]byte, error) {
	owner := string(lifecycle.FieldOwner)
	applied := slices.ContainsFunc(ring.GetManagedFields(), func(m metav1.ManagedFieldsEntry) bool {
		return m.Manager == owner && m.Operation == metav1.ManagedFieldsOperationApply
	})
	if !applied {
		return nil, nil
	}
	return csaupgrade.UpgradeManagedFieldsPatch(ring, sets.New(owner), owner)
}
