package controller

import (
	"context"
	"fmt"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	control "github.com/ringspan/ringspan/api/control/v1alpha1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/ring"
)

// Annotations of a rebuild. A CassandraDatacenter that was added to a ring with data says where its data comes from, and
// once it has the data, where it came from: the task may be deleted then. A task counts its tries.
const (
	rebuildFrom = datacenter.RebuildFromAnnotation
	rebuiltFrom = "ringspan.io/rebuilt-from"
	tryCount    = "ringspan.io/try"
)

// A rebuild that failed is tried again after a minute, then two, four and so on, at most half an hour.
const (
	firstPause = time.Minute
	maxPause   = 30 * time.Minute
)

// rebuild sees to it that a datacenter that was added to a ring with data gets the data, once its nodes are members. Until
// then the ring isn't ready.
func (p *pass) rebuild(ctx context.Context, i int, want, have *cassandra.CassandraDatacenter) error {
	options, err := ring.Options(p.k, p.k.Spec.Cassandra.Datacenters[i])
	if err != nil {
		return err
	}
	source := have.Annotations[rebuildFrom]
	if have.UID == "" {
		source = p.sourceOfData(want.Name, options.Rebuild)
	}
	if source == "" {
		return nil
	}
	want.Annotations[rebuildFrom] = source
	if done := have.Annotations[rebuiltFrom]; done != "" {
		want.Annotations[rebuiltFrom] = done
		return nil
	}
	if !have.Status.IsTrue(cassandra.DatacenterInitialized) {
		return nil
	}
	task := &control.CassandraTask{ObjectMeta: metav1.ObjectMeta{Namespace: want.Namespace, Name: want.Name + "-rebuild"}}
	err = p.Client.Get(ctx, client.ObjectKeyFromObject(task), task)
	if client.IgnoreNotFound(err) != nil {
		return err
	}
	waiting := fmt.Sprintf("datacenter %s to be rebuilt from %s", want.Name, source)
	switch {
	case err != nil:
		p.waits = append(p.waits, waiting)
		return p.askForRebuild(ctx, have, source, 1, options.Rebuild)
	case meta.IsStatusConditionTrue(task.Status.Conditions, control.JobFailed):
		return p.rebuildFailed(ctx, have, task, source, options.Rebuild)
	case task.Status.CompletionTime == nil || !task.DeletionTimestamp.IsZero():
		p.waits = append(p.waits, waiting)
	default:
		want.Annotations[rebuiltFrom] = source
	}
	return nil
}

// rebuildFailed names what went wrong, and makes another task in place of the failed one when its pause is over.
func (p *pass) rebuildFailed(ctx context.Context, dc *cassandra.CassandraDatacenter, task *control.CassandraTask, source string, spec *api.RebuildSpec) error {
	try, _ := strconv.Atoi(task.Annotations[tryCount])
	at := p.Now()
	if end := task.Status.CompletionTime; end != nil {
		at = end.Add(pause(max(try, 1)))
	}
	if p.Now().Before(at) {
		reason := meta.FindStatusCondition(task.Status.Conditions, control.JobFailed).Message
		p.errs = append(p.errs, fmt.Errorf("datacenter %s lacks the data of %s: CassandraTask %s in namespace %s failed: %s. It is tried again at %s; delete the task to try at once",
			dc.Name, source, task.Name, task.Namespace, reason, at.UTC().Format(time.RFC3339)))
		return nil
	}
	p.waits = append(p.waits, fmt.Sprintf("datacenter %s to be rebuilt from %s, try %d", dc.Name, source, max(try, 1)+1))
	if err := p.Client.Delete(ctx, task, client.Preconditions{UID: &task.UID}); client.IgnoreNotFound(err) != nil {
		return err
	}
	return p.askForRebuild(ctx, dc, source, max(try, 1)+1, spec)
}

// pause is how long a try that failed is left alone.
func pause(try int) time.Duration { return min(firstPause<<min(try-1, 10), maxPause) }

// askForRebuild makes the task. It stays when it has ended, to be read.
func (p *pass) askForRebuild(ctx context.Context, dc *cassandra.CassandraDatacenter, source string, try int, spec *api.RebuildSpec) error {
	task := &control.CassandraTask{ObjectMeta: metav1.ObjectMeta{Namespace: dc.Namespace, Name: dc.Name + "-rebuild",
		Labels:      map[string]string{api.ClusterNameLabel: p.k.Name, api.ClusterNamespaceLabel: p.k.Namespace},
		Annotations: map[string]string{tryCount: strconv.Itoa(try)}}}
	task.Spec.Datacenter = corev1.ObjectReference{Namespace: dc.Namespace, Name: dc.Name}
	task.Spec.Jobs = []control.CassandraJob{{Name: "rebuild", Command: control.CommandRebuild, Arguments: control.JobArguments{SourceDatacenter: source}}}
	task.Spec.TTLSecondsAfterFinished = new(int32)
	if spec != nil {
		task.Spec.MaxConcurrentPods = &spec.MaxConcurrentRebuilds
	}
	if err := controllerutil.SetOwnerReference(dc, task, p.Client.Scheme()); err != nil {
		return err
	}
	return client.IgnoreAlreadyExists(p.Client.Create(ctx, task))
}

// sourceOfData is a datacenter of the ring that has been in use, whose data one
// that is made now must get.
func (p *pass) sourceOfData(besides string, rebuild *api.RebuildSpec) string {
	if c := rebuild; c != nil && c.SourceDc != "" && p.inUse(c.SourceDc) {
		return c.SourceDc
	}
	for _, t := range p.k.Spec.Cassandra.Datacenters {
		if t.Metadata.Name != besides && p.inUse(ring.DatacenterName(t)) {
			return ring.DatacenterName(t)
		}
	}
	return ""
}

// inUse tells whether a datacenter of this ring has served before.
func (p *pass) inUse(name string) bool {
	if dc := p.k.Status.Datacenters[name]; dc.Cassandra != nil && dc.Cassandra.IsTrue(cassandra.DatacenterInitialized) {
		return true
	}
	for _, s := range p.peers {
		for _, dc := range s.Datacenters(p.key()) {
			if nameOf(&dc) == name && dc.Status.IsTrue(cassandra.DatacenterInitialized) {
				return true
			}
		}
	}
	return false
}
