package config

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/effective"
	"github.com/ringspan/ringspan/internal/region"
)

// match is a node or a datacenter of the name that was given.
type match struct {
	region     region.Region
	datacenter cassandra.CassandraDatacenter
	pod        *corev1.Pod // nil of a datacenter
}

func (m match) String() string {
	if m.pod != nil {
		return "node " + m.region.Name + "/" + m.pod.Name
	}
	return fmt.Sprintf("datacenter %s/%s in namespace %s", m.region.Name, m.datacenter.Name, m.datacenter.Namespace)
}

// find looks for a node or a datacenter by its name, in one region when that is given. A region that doesn't answer is told of
// only when nothing was found.
func find(ctx context.Context, all []region.Region, text string) (match, error) {
	where, name, given := strings.Cut(text, "/")
	if !given {
		where, name = "", text
	}
	if where != "" && !slices.ContainsFunc(all, func(r region.Region) bool { return r.Name == where }) {
		return match{}, fmt.Errorf("%s: the fleet's regions are %s", text, region.Names(all))
	}
	var found []match
	var seen []string
	var failed []error
	for _, r := range all {
		if where != "" && r.Name != where {
			continue
		}
		there, err := everything(ctx, r)
		if err != nil {
			failed = append(failed, fmt.Errorf("region %s: %w", r.Name, err))
		}
		for _, m := range there {
			if seen = append(seen, m.name()); m.name() == name {
				found = append(found, m)
			}
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		var names []string
		for _, m := range found {
			names = append(names, m.String())
		}
		return match{}, fmt.Errorf("%s may be %s: put the region before it", text, strings.Join(names, " or "))
	case len(seen) > 0:
		slices.Sort(seen)
		failed = append(failed, fmt.Errorf("%s: there is no such node or datacenter; there are %s", text, strings.Join(slices.Compact(seen), ", ")))
	case len(failed) == 0:
		failed = append(failed, errors.New("no Cassandra node runs"))
	}
	return match{}, errors.Join(failed...)
}

func (m match) name() string {
	if m.pod != nil {
		return m.pod.Name
	}
	return m.datacenter.Name
}

// everything are a region's datacenters and nodes.
func everything(ctx context.Context, r region.Region) (all []match, err error) {
	ctx, cancel := context.WithTimeout(ctx, region.AnswerLimit)
	defer cancel()
	var dcs cassandra.CassandraDatacenterList
	if err := r.Client.List(ctx, &dcs); err != nil {
		return nil, err
	}
	for _, dc := range dcs.Items {
		all = append(all, match{region: r, datacenter: dc})
		pods, err := r.Pods(ctx, &dc)
		if err != nil {
			return all, err
		}
		for _, p := range pods {
			all = append(all, match{r, dc, &p})
		}
	}
	return all, nil
}

// subject reads the ring that the datacenter is of, if it is of one.
func (m match) subject(ctx context.Context) (effective.Subject, error) {
	s := effective.Subject{Region: m.region.Name, Datacenter: &m.datacenter, Pod: m.pod}
	if err := errors.Join(m.readSecret(ctx, &s), m.readPerNode(ctx, &s)); err != nil {
		return s, err
	}
	key := client.ObjectKey{Namespace: m.datacenter.Labels[api.ClusterNamespaceLabel], Name: m.datacenter.Labels[api.ClusterNameLabel]}
	if key.Namespace == "" || key.Name == "" {
		return s, nil
	}
	ctx, cancel := context.WithTimeout(ctx, region.AnswerLimit)
	defer cancel()
	k := &api.K8ssandraCluster{}
	err := m.region.Client.Get(ctx, key, k)
	if apierrors.IsNotFound(err) {
		return s, nil
	}
	if err == nil {
		s.Ring, err = effective.SourcesOf(k, m.datacenter.Name)
	}
	return s, err
}

// readSecret reads the Secret that the configuration is in, if it is in one.
func (m match) readSecret(ctx context.Context, s *effective.Subject) error {
	name, key := s.SecretOf()
	if name == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, region.AnswerLimit)
	defer cancel()
	var secret corev1.Secret
	if err := m.region.Client.Get(ctx, client.ObjectKey{Namespace: m.datacenter.Namespace, Name: name}, &secret); err != nil {
		return fmt.Errorf("the configuration of %s is in a Secret: %w", m.name(), err)
	}
	s.Secret = secret.Data[key]
	return nil
}

// readPerNode reads the ConfigMap with the configuration of single nodes, if the datacenter has one. One that is missing says nothing.
func (m match) readPerNode(ctx context.Context, s *effective.Subject) error {
	name := m.datacenter.Annotations[cassandra.PerNodeConfigAnnotation]
	if name == "" || m.pod == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, region.AnswerLimit)
	defer cancel()
	config := &corev1.ConfigMap{}
	if err := m.region.Client.Get(ctx, client.ObjectKey{Namespace: m.datacenter.Namespace, Name: name}, config); err != nil {
		if apierrors.IsNotFound(err) {
			return nil
		}
		return fmt.Errorf("the configuration of single nodes is in a ConfigMap: %w", err)
	}
	s.PerNode = config
	return nil
}

// completeTimeout bounds what a shell waits for when it completes a name.
const completeTimeout = 3 * time.Second

// complete names the datacenters and nodes; regions that don't answer are left out.
func complete(ctx context.Context, f *invocation.Fleet) (names []string) {
	ctx, cancel := context.WithTimeout(ctx, completeTimeout)
	defer cancel()
	_, all, err := f.Running(ctx)
	if err != nil {
		return nil // a completion can't tell of an error
	}
	for _, r := range all {
		there, _ := everything(ctx, r)
		for _, m := range there {
			names = append(names, m.name())
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
