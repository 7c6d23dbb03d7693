package rollout

import (
	"context"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/util/csaupgrade"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/internal/fleet/lifecycle"
	"github.com/ringspan/ringspan/internal/region"
)

// ownAttempts are enough while the operator notes the ring's new revision.
const ownAttempts = 10

// own makes what was put back a part of what `ringspan up` has applied, if it has: the next up takes away then what its file doesn't have.
// The API server keeps an update's fields apart from an apply's otherwise, and up would leave them.
func (u *undo) own(ctx context.Context, edited *unstructured.Unstructured) error {
	ctx, cancel := context.WithTimeout(ctx, region.AnswerLimit)
	defer cancel()
	owner := string(lifecycle.FieldOwner)
	for range ownAttempts {
		applied := slices.ContainsFunc(edited.GetManagedFields(), func(m metav1.ManagedFieldsEntry) bool {
			return m.Manager == owner && m.Operation == metav1.ManagedFieldsOperationApply
		})
		if !applied {
			return nil
		}
		patch, err := csaupgrade.UpgradeManagedFieldsPatch(edited, sets.New(owner), owner)
		if err != nil || len(patch) == 0 {
			return err
		}
		err = u.home.Client.Patch(ctx, edited, client.RawPatch(types.JSONPatchType, patch), lifecycle.FieldOwner)
		if !apierrors.IsConflict(err) && !apierrors.IsInvalid(err) {
			return err
		}
		if err := u.home.Client.Get(ctx, u.ring.key, edited); err != nil {
			return err
		}
	}
	return errEdited
}
