package controller

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/federation"
	"github.com/ringspan/ringspan/internal/replication"
	"github.com/ringspan/ringspan/internal/ring"
)

// secrets makes sure that the superuser's Secret is here: given, made by the
// founder's region, or fetched from a region that has it.
func (p *pass) secrets(ctx context.Context) error {
	if !ring.Auth(p.k) {
		return nil
	}
	name := types.NamespacedName{Namespace: p.k.Namespace, Name: ring.SuperuserSecret(p.k)}
	// Shared before it is there: who may not read it can't tell whether it is.
	if err := p.share(ctx, name); err != nil {
		return err
	}
	var secret corev1.Secret
	err := p.Client.Get(ctx, name, &secret)
	if err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	if apierrors.IsNotFound(err) {
		return p.obtain(ctx, name)
	}
	if replication.Special(secret.Type) {
		p.errs = append(p.errs, fmt.Errorf("spec.cassandra.superuserSecretRef: Secret %s has the type %s; it needs one for people's use, such as Opaque", name.Name, secret.Type))
		return nil
	}
	for _, key := range []string{"username", "password"} {
		if len(secret.Data[key]) == 0 {
			p.errs = append(p.errs, fmt.Errorf("spec.cassandra.superuserSecretRef: Secret %s has no key %s; it needs username and password", name.Name, key))
		}
	}
	if from := secret.Annotations[federation.OriginAnnotation]; from != "" {
		return p.refresh(ctx, from, &secret)
	}
	return nil
}

// obtain makes or fetches a Secret that is not here.
func (p *pass) obtain(ctx context.Context, name types.NamespacedName) error {
	var asked, silent []string
	for _, s := range p.peers {
		if !s.Reachable {
			silent = append(silent, s.Region)
			continue
		}
		var remote corev1.Secret
		err := s.Client.Get(ctx, name, &remote)
		if err == nil && !replication.Special(remote.Type) {
			return p.copySecret(ctx, s.Region, &remote)
		}
		if !apierrors.IsNotFound(err) { // its operator has yet to let us read it, or it doesn't answer just now
			asked = append(asked, s.Region)
		}
	}
	given := p.k.Spec.Cassandra.SuperuserSecretRef.Name != ""
	switch from := slices.Concat(asked, silent); {
	case !given && p.regionOf(p.k.Spec.Cassandra.Datacenters[0]) == p.Region:
		return p.generate(ctx, name)
	case given && len(from) == 0:
		p.errs = append(p.errs, fmt.Errorf("spec.cassandra.superuserSecretRef: Secret %s does not exist in namespace %s of any region; it needs username and password", name.Name, name.Namespace))
	case len(from) == 0:
		p.waits = append(p.waits, fmt.Sprintf("Secret %s to be made in region %s", name.Name, p.regionOf(p.k.Spec.Cassandra.Datacenters[0])))
	default:
		p.waits = append(p.waits, fmt.Sprintf("Secret %s, which is being pulled from %s", name.Name, strings.Join(from, " or ")))
	}
	return nil
}

func (p *pass) copySecret(ctx context.Context, region string, from *corev1.Secret) error {
	if err := p.ensureNamespace(ctx, from.Namespace); err != nil {
		return err
	}
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: from.Namespace, Name: from.Name,
		Labels:      map[string]string{api.ReplicatedByLabel: api.ReplicatedByLabelValue, api.ClusterNameLabel: p.k.Name, api.ClusterNamespaceLabel: p.k.Namespace},
		Annotations: map[string]string{federation.OriginAnnotation: region}}, Type: from.Type, Data: from.Data}
	return client.IgnoreAlreadyExists(p.Client.Create(ctx, secret))
}

// refresh keeps a copy like its origin, while that can be reached.
func (p *pass) refresh(ctx context.Context, region string, secret *corev1.Secret) error {
	for _, s := range p.peers {
		if s.Region != region || !s.Reachable {
			continue
		}
		var remote corev1.Secret
		if err := s.Client.Get(ctx, client.ObjectKeyFromObject(secret), &remote); err != nil || equality.Semantic.DeepEqual(remote.Data, secret.Data) {
			return nil //nolint:nilerr // what is here serves until the origin answers
		}
		secret.Data = remote.Data
		return p.Client.Update(ctx, secret)
	}
	return nil
}

func (p *pass) generate(ctx context.Context, name types.NamespacedName) error {
	password := make([]byte, 24)
	_, _ = rand.Read(password) // never fails
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: name.Namespace, Name: name.Name,
		Labels: map[string]string{api.ClusterNameLabel: p.k.Name, api.ClusterNamespaceLabel: p.k.Namespace}},
		Data: map[string][]byte{"username": []byte(name.Name), "password": []byte(base64.RawURLEncoding.EncodeToString(password))}}
	return client.IgnoreAlreadyExists(p.Client.Create(ctx, secret))
}

// sharingRole is the name of the Role with which a ring's Secret is shared. Those for ReplicatedSecrets and their copies begin
// like the ones of rings; a ring whose name could be meant by both has a name for its Role that no other can have.
func sharingRole(ring string) string {
	for _, theirs := range []string{"secrets-", "copy-"} {
		if strings.HasPrefix(ring, theirs) {
			return "ringspan-peer:" + ring
		}
	}
	return "ringspan-peer-" + ring
}

// share lets the other regions' operators read one Secret.
func (p *pass) share(ctx context.Context, name types.NamespacedName) error {
	meta := metav1.ObjectMeta{Namespace: name.Namespace, Name: sharingRole(p.k.Name), Labels: map[string]string{api.ClusterNameLabel: p.k.Name, api.ClusterNamespaceLabel: p.k.Namespace}}
	return p.Peers.Allow(ctx, meta, name.Name)
}
