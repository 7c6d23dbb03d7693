// Package operator puts the operator of a region together: which controllers
// run, and what they share. Start reading at Run, whose list is the table of
// contents.
package operator

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"slices"
	"time"

	"github.com/go-logr/logr"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	policyv1 "k8s.io/api/policy/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/selection"
	"k8s.io/client-go/discovery"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	configv1beta1 "github.com/ringspan/ringspan/api/config/v1beta1"
	control "github.com/ringspan/ringspan/api/control/v1alpha1"
	fleet "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	replication "github.com/ringspan/ringspan/api/replication/v1alpha1"
	"github.com/ringspan/ringspan/internal/claim"
	clusterprofile "github.com/ringspan/ringspan/internal/clusterprofile/controller"
	datacenter "github.com/ringspan/ringspan/internal/datacenter/controller"
	"github.com/ringspan/ringspan/internal/federation/peers"
	propagation "github.com/ringspan/ringspan/internal/propagation/controller"
	secrets "github.com/ringspan/ringspan/internal/replication/controller"
	ring "github.com/ringspan/ringspan/internal/ring/controller"
	ringtask "github.com/ringspan/ringspan/internal/ringtask/controller"
	schedule "github.com/ringspan/ringspan/internal/schedule/controller"
	task "github.com/ringspan/ringspan/internal/task/controller"
)

// Options say which region this is.
type Options struct {
	Region    string
	Namespace string // of the operator and of its peers' ClientConfigs
	Agent     string // image of the agent for datacenters that name none; datacenter.AgentImage() when empty

	lease *lease // nil: it acts without one, as tests do
}

// Scheme knows every kind that the operator reads or writes.
func Scheme() *runtime.Scheme {
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		clientgoscheme.AddToScheme, cassandra.AddToScheme, k8ssandra.AddToScheme, control.AddToScheme, replication.AddToScheme, configv1beta1.AddToScheme, fleet.AddToScheme,
	} {
		if err := add(s); err != nil {
			panic(err) // a type is registered twice: a mistake in the program
		}
	}
	return s
}

// Run runs the operator until the context ends.
func Run(ctx context.Context, o Options) error {
	debug.SetGCPercent(50) // it is small: a small resident set matters more than a little processor time
	ctrl.SetLogger(logr.FromSlogHandler(slog.NewJSONHandler(os.Stderr, nil)))
	config, err := rest.InClusterConfig()
	if err != nil {
		return fmt.Errorf("the operator runs in a pod of the region's cluster: %w", err)
	}
	config.QPS, config.Burst = 50, 100
	o.lease = &lease{identity: identity(), namespace: o.Namespace, now: time.Now}
	m, err := NewManager(config, o, ctrl.Options{HealthProbeBindAddress: ":8081", Metrics: server.Options{BindAddress: ":8080"}})
	if err != nil {
		return err
	}
	if err = m.Start(ctx); err != nil && ctx.Err() == nil && o.lease.held() {
		return fmt.Errorf("%w: %w", ErrLeaseLost, err)
	}
	return err
}

// ErrLeaseLost ends Run when the lease could not be renewed in time: another operator
// acts now, or the API server was away. Nothing of this one may go on.
var ErrLeaseLost = errors.New("the lease was lost")

// NewManager assembles the operator against an API server.
func NewManager(config *rest.Config, o Options, base ctrl.Options) (ctrl.Manager, error) {
	if o.lease != nil {
		var err error
		if config, err = o.lease.elect(config, &base); err != nil {
			return nil, err
		}
	}
	base.Scheme = Scheme()
	base.Cache = cacheOptions()
	base.Client = client.Options{Cache: &client.CacheOptions{DisableFor: uncached()}}
	m, err := ctrl.NewManager(config, base)
	if err != nil {
		return nil, err
	}
	for _, c := range controllers(m, o) {
		if err := c.SetupWithManager(m); err != nil {
			return nil, err
		}
	}
	if err := m.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return nil, err
	}
	return m, m.AddReadyzCheck("ping", healthz.Ping)
}

type controller interface {
	SetupWithManager(ctrl.Manager) error
}

// controllers are all that run in a region.
func controllers(m ctrl.Manager, o Options) []controller {
	regions := &peers.Peers{Client: m.GetClient(), Events: m.GetEventRecorder("ringspan"), Region: o.Region, Namespace: o.Namespace,
		Kinds: slices.Concat(ring.Followed(), secrets.Followed(), ringtask.Followed(), propagation.Followed()), Now: time.Now}
	node := o.lease.fenced(newAgents(m.GetAPIReader()).of)
	overRegions := &ringtask.Reconciler{Client: m.GetClient(), Live: m.GetAPIReader(), Events: m.GetEventRecorder("ringspan"), Region: o.Region, Now: time.Now, Peers: regions}
	return []controller{
		// What the other regions hold of rings: read by the next ones.
		runnable{regions},
		// Rings: agrees with the other regions, makes this region's datacenters.
		&ring.Reconciler{Client: m.GetClient(), Live: m.GetAPIReader(), Events: m.GetEventRecorder("ringspan"), Region: o.Region, Now: time.Now, Peers: regions},
		// Secrets that ReplicatedSecrets choose, copied between regions.
		&secrets.Reconciler{Client: m.GetClient(), Events: m.GetEventRecorder("ringspan"), Region: o.Region, Now: time.Now, Peers: regions},
		// Objects that several regions have, written as service accounts that let the operator.
		&propagation.Reconciler{Client: m.GetClient(), Live: m.GetAPIReader(), Events: m.GetEventRecorder("ringspan"), Region: o.Region, Now: time.Now, Peers: regions,
			As: propagation.Accounts(m.GetConfig(), m.GetRESTMapper())},
		// The regions as ClusterProfiles, where that kind is known.
		&clusterprofile.Reconciler{Client: m.GetClient(), Peers: regions, Region: o.Region, Now: time.Now, Version: versionOf(m.GetConfig())},
		// Datacenters: their objects, nodes, roles and replication.
		&datacenter.Reconciler{Client: m.GetClient(), Live: m.GetAPIReader(), Events: m.GetEventRecorder("ringspan"), Now: time.Now, Node: node, Agent: o.Agent, MayGoOn: overRegions.MayGoOn, Peers: regions},
		// Their volumes: kept until a deletion was agreed on.
		&claim.Reconciler{Client: m.GetClient(), Live: m.GetAPIReader(), Now: time.Now},
		// Tasks: rebuild, cleanup, restart.
		&task.Reconciler{Client: m.GetClient(), Live: m.GetAPIReader(), Events: m.GetEventRecorder("ringspan"), Now: time.Now, Node: node, MayGoOn: overRegions.MayGoOn},
		// Tasks by the clock: makes the tasks of schedules.
		&schedule.Reconciler{Client: m.GetClient(), Live: m.GetAPIReader(), Events: m.GetEventRecorder("ringspan"), Now: time.Now},
		// Tasks over regions: agrees with the other regions, makes this region's tasks.
		overRegions,
	}
}

// versionOf asks an API server for Kubernetes' version.
func versionOf(config *rest.Config) func() (string, error) {
	return func() (string, error) {
		asked, err := discovery.NewDiscoveryClientForConfig(config)
		if err != nil {
			return "", err
		}
		version, err := asked.ServerVersion()
		if err != nil {
			return "", err
		}
		return version.GitVersion, nil
	}
}

// runnable runs as long as the operator does.
type runnable struct{ manager.Runnable }

// SetupWithManager registers it.
func (r runnable) SetupWithManager(m ctrl.Manager) error { return m.Add(r.Runnable) }

// uncached are the kinds that are read one by one where they are needed: their caches would hold a whole cluster's.
func uncached() []client.Object {
	return []client.Object{&corev1.Secret{}, &corev1.ConfigMap{}, &corev1.PersistentVolumeClaim{}, &corev1.Namespace{}, &storagev1.StorageClass{}}
}

// cacheOptions keep in memory only what belongs to rings: a cluster's other
// pods and services are none of this program's business.
func cacheOptions() cache.Options {
	ours := cache.ByObject{Label: labels.NewSelector().Add(must(cassandra.ClusterLabel))}
	return cache.Options{ByObject: map[client.Object]cache.ByObject{
		&corev1.Pod{}: ours, &corev1.Service{}: ours, &appsv1.StatefulSet{}: ours, &policyv1.PodDisruptionBudget{}: ours, &corev1.PersistentVolumeClaim{}: ours,
		&discoveryv1.EndpointSlice{}: {Label: labels.NewSelector().Add(must(discoveryv1.LabelServiceName))},
	}}
}

func must(key string) labels.Requirement {
	r, err := labels.NewRequirement(key, selection.Exists, nil)
	if err != nil {
		panic(err) // a constant is no label
	}
	return *r
}
