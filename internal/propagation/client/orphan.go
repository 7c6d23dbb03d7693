package client

import (
	"context"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/fleet/v1alpha1"
)

// Orphaning says what the deletion of a Propagation does to its objects.
func Orphaning(ctx context.Context, regions []Region, name client.ObjectKey) (api.DeletionPolicy, error) {
	c, err := existing(ctx, regions, name)
	if err != nil {
		return "", err
	}
	if c.copy.Spec.DeletionPolicy == "" {
		return api.DeletionDelete, nil
	}
	return c.copy.Spec.DeletionPolicy, nil
}

// SetOrphaning changes it, in one region.
func SetOrphaning(ctx context.Context, regions []Region, name client.ObjectKey, policy api.DeletionPolicy) (region string, err error) {
	c, err := existing(ctx, regions, name)
	if err != nil {
		return "", err
	}
	return c.region.Name, edit(ctx, c, func(s *api.PropagationSpec) { s.DeletionPolicy = policy })
}

func existing(ctx context.Context, regions []Region, name client.ObjectKey) (*copyAt, error) {
	c, err := one(find(ctx, regions, name), name)
	if err == nil && c == nil {
		err = fmt.Errorf("there is no Propagation %s", name)
	}
	return c, err
}
