package ringtask

import (
	"encoding/json"

	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/federation"
	"github.com/ringspan/ringspan/internal/federation/canonical"
)

// Kind are the rules of K8ssandraTasks as shared objects. Their parts hold nothing, so a deletion ends them at once.
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

// news of a task's status are how far its datacenters are: whose turn is next depends on it.
func news(o federation.Object) string {
	data, _ := json.Marshal(o.(*api.K8ssandraTask).Status.Datacenters) // API types: cannot fail
	return string(data)
}
