package propagation

import (
	"encoding/json"

	api "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/federation"
	"github.com/ringspan/ringspan/internal/federation/canonical"
	"github.com/ringspan/ringspan/internal/grant"
)

// Definition is the name of the CustomResourceDefinition.
const Definition = "propagations.fleet.ringspan.io"

// Kind are the rules of Propagations as shared objects. Their parts can be made again, so each region takes its own down as
// soon as it knows of the deletion.
var Kind = &federation.Kind{
	GroupVersionKind: api.GroupVersion.WithKind("Propagation"),
	Noun:             "propagation",
	Parts:            "objects",
	Grant:            grant.Propagation,
	Definition:       Definition,
	New:              func() federation.Object { return &api.Propagation{} },
	Spec:             func(o federation.Object) any { return &o.(*api.Propagation).Spec },
	Schema:           canonical.Of("fleet.ringspan.io_propagations.yaml"),
	ID:               api.PropagationIDAnnotation,
	Finalizer:        api.PropagationFinalizer,
	Deletion:         federation.EachAtOnce,
	News:             news,
}

// news is what a region says of itself: the rest of a status is what it was told by others.
func news(o federation.Object) string {
	p, _ := o.(*api.Propagation) // the kind's own
	own := []any{len(p.Status.Managed) > 0, p.Status.Source}
	for _, r := range p.Status.Regions {
		if r.Name == p.Status.Region {
			own = append(own, r.Status, r.Reason, r.Message)
		}
	}
	data, _ := json.Marshal(own) // API types: cannot fail
	return string(data)
}
