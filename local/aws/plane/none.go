package plane

import (
	"context"
	"errors"
)

// ErrNoMachines says that a plane runs no clusters.
var ErrNoMachines = errors.New("this cloud answers its API only: it runs no clusters and no machines")

// None carries no packets.
type None struct{}

// Apply accepts every topology.
func (None) Apply(context.Context, Topology) error { return nil }
