package ringtask

import (
	"encoding/json"
	"fmt"

	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/federation"
	"github.com/ringspan/ringspan/internal/federation/canonical"
)

// Kind has the rules of K8ssandraTasks as shared objects. Their parts hold no data, so a deletion takes them down at once.
var Kind = &federation.Kind{
	GroupVersionKind: api.GroupVersion.WithKind("K8ssandraTask"),
	Noun:             "task",
	Parts:            "CassandraTasks",
	Definition:       "k8ssandratasks.control.k8ssandra.io",
	New:              func() federation.Object { return &api.K8ssandraTask{} },
	Spec:             func(o federation.Object) any { return &o.(*api.K8ssandraTask).Spec },
	Schema:           canonical.Of("control.k8ssandra.io_k8ssandratasks.yaml"),
	ID:               api.TaskIDAnnotation,
	Finalizer:        api.K8ssandraTaskFinalizer,
	Deletion:         federation.EachAtOnce,
	News:             news,
}

// news is what other regions act on of a copy's status: how far its datacenters are, because whose turn is next depends on it,
// and which spec that is about.
func news(o federation.Object) string {
	task, _ := o.(*api.K8ssandraTask)
	data, _ := json.Marshal(task.Status.Datacenters) // API types: cannot fail
	return fmt.Sprint(string(data), actedOn(task))
}
