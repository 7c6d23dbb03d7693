package controller

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/replication/v1alpha1"
	"github.com/ringspan/ringspan/internal/replication"
)

// publish says which Secrets a ReplicatedSecret of this region chooses, lets the other regions read them, makes the copies
// that belong here, and says which regions have theirs.
func (p *pass) publish(ctx context.Context, s replication.Source) error {
	selector, err := metav1.LabelSelectorAsSelector(s.Spec.Selector)
	if err != nil {
		return p.report(ctx, s, nil, map[string]string{}, fmt.Sprintf("spec.selector: %v", err))
	}
	var chosen corev1.SecretList
	if err := p.Client.List(ctx, &chosen, client.InNamespace(s.Namespace), client.MatchingLabelsSelector{Selector: selector}); err != nil {
		return err
	}
	byName := map[string]*corev1.Secret{}
	for i := range chosen.Items {
		byName[chosen.Items[i].Name] = &chosen.Items[i]
	}
	published := replication.Published(chosen.Items)
	var names []string
	for _, one := range published {
		names = append(names, one.Name)
	}
	role := metav1.ObjectMeta{Namespace: s.Namespace, Name: "ringspan-peer-secrets-" + s.Name, OwnerReferences: []metav1.OwnerReference{
		{APIVersion: api.GroupVersion.String(), Kind: "ReplicatedSecret", Name: s.Name, UID: s.UID}}}
	if err := p.Peers.Allow(ctx, role, names...); err != nil {
		return err
	}
	here := s
	here.ReplicatedSecret = s.DeepCopy()
	here.Status.Secrets = published
	failed := p.copies(ctx, here, func(name string) (*corev1.Secret, error) { return byName[name].DeepCopy(), nil })
	missing := map[string]string{}
	for _, region := range s.Regions() {
		missing[region] = p.missing(ctx, here, region, byName)
	}
	return errors.Join(failed, p.report(ctx, s, published, missing, ""))
}

// missing says what a region lacks, "" when it has all copies.
func (p *pass) missing(ctx context.Context, s replication.Source, region string, originals map[string]*corev1.Secret) string {
	kube := p.Client
	if region != p.Region {
		peer := p.peer(region)
		switch {
		case peer == nil:
			return fmt.Sprintf("%q is not a region that this one knows: spec.replicationTargets[].k8sContextName", region)
		case !peer.Reachable:
			return "the region does not answer"
		}
		kube = peer.Client
	}
	var lacking, refusing []string
	for _, t := range s.Targets(region) {
		before := len(lacking)
		for _, one := range s.Status.Secrets {
			namespace, name := s.Place(t, one.Name)
			there := &corev1.Secret{}
			err := kube.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, there)
			if err != nil || !s.IsSelf(t) && !s.Owns(there) || !equality.Semantic.DeepEqual(there.Data, originals[one.Name].Data) {
				lacking = append(lacking, namespace+"/"+name)
			}
		}
		if text := p.refusing(ctx, kube, s, region, orElse(t.Namespace, s.Namespace)); text != "" && len(lacking) > before {
			refusing = append(refusing, text)
		}
	}
	switch {
	case len(refusing) > 0:
		return strings.Join(refusing, "; ")
	case len(lacking) == 0:
		return ""
	}
	return "no current copy of the originals yet, or another Secret in its place: " + strings.Join(lacking, ", ")
}

// report writes the status when it says something new.
func (p *pass) report(ctx context.Context, s replication.Source, published []api.PublishedSecret, missing map[string]string, invalid string) error {
	status := api.ReplicatedSecretStatus{Secrets: published}
	for _, region := range s.Regions() {
		c := api.ReplicationCondition{Cluster: region, Type: api.SecretReplication, Status: corev1.ConditionTrue, Message: missing[region]}
		if invalid != "" {
			c.Message = invalid
		}
		if c.Message != "" {
			c.Status = corev1.ConditionFalse
		}
		now := metav1.NewTime(p.Now().Truncate(time.Second))
		c.LastTransitionTime = &now
		i := slices.IndexFunc(s.Status.Conditions, func(old api.ReplicationCondition) bool { return old.Cluster == region && old.Status == c.Status })
		if i >= 0 {
			c.LastTransitionTime = s.Status.Conditions[i].LastTransitionTime
		}
		status.Conditions = append(status.Conditions, c)
	}
	if equality.Semantic.DeepEqual(status, s.Status) {
		return nil
	}
	before := s.Status
	changed := s.DeepCopy()
	changed.Status = status
	if err := p.Client.Status().Update(ctx, changed); err != nil {
		if apierrors.IsConflict(err) || apierrors.IsNotFound(err) {
			return nil // the next pass sees it
		}
		return err
	}
	if invalid != "" && !reflect.DeepEqual(before.Conditions, status.Conditions) {
		p.Events.Eventf(s.ReplicatedSecret, nil, corev1.EventTypeWarning, "Invalid", "Reconcile", "%s", invalid)
	}
	return nil
}

func orElse(a, b string) string {
	if a == "" {
		return b
	}
	return a
}
