package controller

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	control "github.com/ringspan/ringspan/api/control/v1alpha1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/ring"
	"github.com/ringspan/ringspan/internal/topology"
)

// fieldOwner is this operator in server-side apply.
const fieldOwner = client.FieldOwner("ringspan")

// rebuildFrom marks a datacenter that was added to a ring with data.
const rebuildFrom = "ringspan.io/rebuild-from"

// reconcile makes this region's part of the ring.
func (p *pass) reconcile(ctx context.Context) error {
	if p.k.Spec.Cassandra == nil || len(p.k.Spec.Cassandra.Datacenters) == 0 {
		p.errs = append(p.errs, errors.New("spec.cassandra.datacenters: a ring needs at least one datacenter"))
		return nil
	}
	if err := p.secrets(ctx); err != nil {
		return err
	}
	for i, t := range p.k.Spec.Cassandra.Datacenters {
		if p.regionOf(t) != p.Region {
			p.checkRegion(i, t)
			continue
		}
		if err := p.datacenter(ctx, i); err != nil {
			return err
		}
	}
	return p.orphans(ctx)
}

// regionOf is where a datacenter belongs: its context, or where the ring was
// first applied.
func (p *pass) regionOf(t api.CassandraDatacenterTemplate) string {
	if t.K8sContext != "" {
		return t.K8sContext
	}
	return p.k.Annotations[originAnnotation]
}

func (p *pass) checkRegion(i int, t api.CassandraDatacenterTemplate) {
	if !slices.ContainsFunc(p.peers, func(s Snapshot) bool { return s.Region == p.regionOf(t) }) {
		p.errs = append(p.errs, fmt.Errorf("spec.cassandra.datacenters[%d].k8sContext: %q is not a region that this one knows", i, p.regionOf(t)))
	}
}

// datacenter writes one CassandraDatacenter, if it differs, and its seeds.
func (p *pass) datacenter(ctx context.Context, i int) error {
	want, err := ring.Build(p.k, i)
	if err != nil {
		p.errs = append(p.errs, err)
		return nil
	}
	if err := p.ensureNamespace(ctx, want.Namespace); err != nil {
		return err
	}
	have := &cassandra.CassandraDatacenter{}
	err = p.Client.Get(ctx, client.ObjectKeyFromObject(want), have)
	if err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	if apierrors.IsNotFound(err) {
		if source := p.sourceOfData(want.Name); source != "" {
			want.Annotations[rebuildFrom] = source
		}
	} else if from := have.Annotations[rebuildFrom]; from != "" {
		want.Annotations[rebuildFrom] = from
	}
	hash := hashObject(want)
	want.Annotations[api.ResourceHashAnnotation] = hash
	if err := p.seeds(ctx, i, want); err != nil {
		return err
	}
	if have.Annotations[api.ResourceHashAnnotation] != hash {
		if err := p.Client.Patch(ctx, want, client.Apply, fieldOwner, client.ForceOwnership); err != nil { //nolint:staticcheck // typed objects: see package datacenter
			if apierrors.IsInvalid(err) {
				p.errs = append(p.errs, err)
				return nil
			}
			return err
		}
		have = want
	}
	p.dcs[want.Name] = have
	return p.rebuild(ctx, have)
}

// sourceOfData is a datacenter of the ring that has been in use, whose data one
// that is made now must get.
func (p *pass) sourceOfData(besides string) string {
	if c := p.k.Spec.Cassandra.Rebuild; c != nil && c.SourceDc != "" && p.inUse(c.SourceDc) {
		return c.SourceDc
	}
	for _, t := range p.k.Spec.Cassandra.Datacenters {
		if t.Metadata.Name != besides && p.inUse(ring.DatacenterName(t)) {
			return ring.DatacenterName(t)
		}
	}
	return ""
}

func (p *pass) inUse(name string) bool {
	if dc := p.k.Status.Datacenters[name]; dc.Cassandra != nil && dc.Cassandra.IsTrue(cassandra.DatacenterInitialized) {
		return true
	}
	for _, s := range p.peers {
		for i := range s.DCs {
			if nameOf(&s.DCs[i]) == name && s.DCs[i].Spec.ClusterName == ring.ClusterName(p.k) && s.DCs[i].Status.IsTrue(cassandra.DatacenterInitialized) {
				return true
			}
		}
	}
	return false
}

func nameOf(dc *cassandra.CassandraDatacenter) string {
	if dc.Spec.DatacenterName != "" {
		return dc.Spec.DatacenterName
	}
	return dc.Name
}

// seeds publishes the other datacenters' seeds to this one: while it has never
// booted only the founder's, so that a cut network can't make two rings of one
// name; afterwards those of all, the last known of those that are away.
func (p *pass) seeds(ctx context.Context, i int, dc *cassandra.CassandraDatacenter) error {
	own := p.k.Spec.Cassandra.Datacenters[i]
	var addresses []string
	for j, t := range p.k.Spec.Cassandra.Datacenters {
		if j == i {
			continue
		}
		if status, _ := p.statusOf(ctx, t); status != nil {
			initialized := p.k.Status.Datacenters[own.Metadata.Name].Cassandra
			if j == 0 || initialized != nil && initialized.IsTrue(cassandra.DatacenterInitialized) || i == 0 && status.IsTrue(cassandra.DatacenterInitialized) {
				addresses = append(addresses, status.Seeds...)
			}
		}
	}
	addresses = slices.DeleteFunc(addresses, func(a string) bool { ip, err := netip.ParseAddr(a); return err != nil || !ip.Is4() })
	slices.Sort(addresses)
	names := topology.NamesOf(dc.Spec.ClusterName, nameOf(dc))
	slice := &discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{Namespace: dc.Namespace, Name: p.k.Name + "-" + names.AdditionalSeedService() + "-ipv4"}}
	err := p.Client.Get(ctx, client.ObjectKeyFromObject(slice), slice)
	if err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	var endpoints []discoveryv1.Endpoint
	for _, a := range slices.Compact(addresses) {
		endpoints = append(endpoints, discoveryv1.Endpoint{Addresses: []string{a}})
	}
	exists := err == nil
	if exists && equality.Semantic.DeepEqual(slice.Endpoints, endpoints) || !exists && len(endpoints) == 0 {
		return nil
	}
	slice.AddressType, slice.Endpoints = discoveryv1.AddressTypeIPv4, endpoints
	slice.Labels = map[string]string{discoveryv1.LabelServiceName: names.AdditionalSeedService(), discoveryv1.LabelManagedBy: "ringspan",
		api.ClusterNameLabel: p.k.Name, api.ClusterNamespaceLabel: p.k.Namespace}
	if exists {
		return p.Client.Update(ctx, slice)
	}
	return p.Client.Create(ctx, slice)
}

// statusOf is what is known of a datacenter, here or in its region.
func (p *pass) statusOf(ctx context.Context, t api.CassandraDatacenterTemplate) (*cassandra.CassandraDatacenterStatus, string) {
	region := p.regionOf(t)
	key := types.NamespacedName{Namespace: ring.Namespace(p.k, t), Name: t.Metadata.Name}
	if region == p.Region {
		dc := &cassandra.CassandraDatacenter{}
		if err := p.Client.Get(ctx, key, dc); err != nil {
			return nil, region
		}
		return &dc.Status, region
	}
	for _, s := range p.peers {
		if s.Region != region {
			continue
		}
		for i := range s.DCs {
			if client.ObjectKeyFromObject(&s.DCs[i]) == key {
				return &s.DCs[i].Status, region
			}
		}
		if !s.Reachable { // since before this process began: what it knew then
			return p.k.Status.Datacenters[t.Metadata.Name].Cassandra, region
		}
	}
	return nil, region
}

// rebuild asks for the data of a datacenter that joined a ring with data, once
// its nodes are members.
func (p *pass) rebuild(ctx context.Context, dc *cassandra.CassandraDatacenter) error {
	source := dc.Annotations[rebuildFrom]
	if source == "" || !dc.Status.IsTrue(cassandra.DatacenterInitialized) {
		return nil
	}
	task := &control.CassandraTask{ObjectMeta: metav1.ObjectMeta{Namespace: dc.Namespace, Name: dc.Name + "-rebuild"}}
	err := p.Client.Get(ctx, client.ObjectKeyFromObject(task), task)
	if err == nil {
		if task.Status.CompletionTime == nil {
			p.waits = append(p.waits, fmt.Sprintf("datacenter %s to be rebuilt from %s", dc.Name, source))
		}
		return nil
	}
	if !apierrors.IsNotFound(err) {
		return err
	}
	task.Labels = map[string]string{api.ClusterNameLabel: p.k.Name, api.ClusterNamespaceLabel: p.k.Namespace}
	task.Spec.Datacenter = corev1.ObjectReference{Namespace: dc.Namespace, Name: dc.Name}
	task.Spec.Jobs = []control.CassandraJob{{Name: "rebuild", Command: "rebuild", Arguments: control.JobArguments{SourceDatacenter: source}}}
	task.Spec.TTLSecondsAfterFinished = new(int32) // kept: it says that the rebuild was done
	p.waits = append(p.waits, fmt.Sprintf("datacenter %s to be rebuilt from %s", dc.Name, source))
	if err := controllerutil.SetOwnerReference(dc, task, p.Client.Scheme()); err != nil {
		return err
	}
	return p.Client.Create(ctx, task)
}

// orphans names datacenters that are no longer in the ring: taking one down
// loses its data, so it is not done unasked.
func (p *pass) orphans(ctx context.Context) error {
	var list cassandra.CassandraDatacenterList
	if err := p.Client.List(ctx, &list, client.MatchingLabels{api.ClusterNameLabel: p.k.Name, api.ClusterNamespaceLabel: p.k.Namespace}); err != nil {
		return err
	}
	for _, dc := range list.Items {
		if !slices.ContainsFunc(p.k.Spec.Cassandra.Datacenters, func(t api.CassandraDatacenterTemplate) bool { return t.Metadata.Name == dc.Name }) {
			p.errs = append(p.errs, fmt.Errorf("datacenter %s is no longer in spec.cassandra.datacenters: decommissioning one is not acted on in this version; it is left as it is", dc.Name))
		}
	}
	return nil
}

// secrets makes sure that the superuser's Secret is here: given, made by the
// founder's region, or fetched from a region that has it.
func (p *pass) secrets(ctx context.Context) error {
	if !ring.Auth(p.k) {
		return nil
	}
	name := types.NamespacedName{Namespace: p.k.Namespace, Name: ring.SuperuserSecret(p.k)}
	var secret corev1.Secret
	err := p.Client.Get(ctx, name, &secret)
	if err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	if apierrors.IsNotFound(err) {
		return p.obtain(ctx, name)
	}
	for _, key := range []string{"username", "password"} {
		if len(secret.Data[key]) == 0 {
			p.errs = append(p.errs, fmt.Errorf("spec.cassandra.superuserSecretRef: Secret %s has no key %s; it needs username and password", name.Name, key))
		}
	}
	if from := secret.Annotations[originAnnotation]; from != "" {
		return p.follow(ctx, from, &secret)
	}
	return p.share(ctx, name)
}

// obtain makes or fetches a Secret that is not here.
func (p *pass) obtain(ctx context.Context, name types.NamespacedName) error {
	var failed error
	for _, s := range p.peers {
		if !s.Reachable {
			continue
		}
		var remote corev1.Secret
		err := s.client.Get(ctx, name, &remote)
		if err == nil {
			return p.copySecret(ctx, s.Region, &remote)
		}
		if !apierrors.IsNotFound(err) {
			failed = fmt.Errorf("region %s: %w", s.Region, err)
		}
	}
	given := p.k.Spec.Cassandra.SuperuserSecretRef.Name != ""
	if !given && p.regionOf(p.k.Spec.Cassandra.Datacenters[0]) == p.Region {
		return p.generate(ctx, name)
	}
	if given && failed == nil && p.allReachable() {
		p.errs = append(p.errs, fmt.Errorf("spec.cassandra.superuserSecretRef: Secret %s does not exist in namespace %s of any region; it needs username and password", name.Name, name.Namespace))
	}
	p.waits = append(p.waits, fmt.Sprintf("Secret %s from another region", name.Name))
	return nil
}

func (p *pass) allReachable() bool {
	return !slices.ContainsFunc(p.peers, func(s Snapshot) bool { return !s.Reachable })
}

func (p *pass) copySecret(ctx context.Context, region string, from *corev1.Secret) error {
	if err := p.ensureNamespace(ctx, from.Namespace); err != nil {
		return err
	}
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: from.Namespace, Name: from.Name,
		Labels:      map[string]string{api.ReplicatedByLabel: api.ReplicatedByLabelValue, api.ClusterNameLabel: p.k.Name, api.ClusterNamespaceLabel: p.k.Namespace},
		Annotations: map[string]string{originAnnotation: region}}, Type: from.Type, Data: from.Data}
	if err := p.Client.Create(ctx, secret); err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	return p.share(ctx, client.ObjectKeyFromObject(secret))
}

// follow keeps a copy like its origin, while that can be reached.
func (p *pass) follow(ctx context.Context, region string, secret *corev1.Secret) error {
	for _, s := range p.peers {
		if s.Region != region || !s.Reachable {
			continue
		}
		var remote corev1.Secret
		if err := s.client.Get(ctx, client.ObjectKeyFromObject(secret), &remote); err != nil || equality.Semantic.DeepEqual(remote.Data, secret.Data) {
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
	if err := p.Client.Create(ctx, secret); err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	return p.share(ctx, name)
}

// share lets the other regions' operators read one Secret.
func (p *pass) share(ctx context.Context, name types.NamespacedName) error {
	meta := metav1.ObjectMeta{Namespace: name.Namespace, Name: "ringspan-peer-" + p.k.Name, Labels: map[string]string{api.ClusterNameLabel: p.k.Name, api.ClusterNamespaceLabel: p.k.Namespace}}
	role := &rbacv1.Role{ObjectMeta: *meta.DeepCopy(), Rules: []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"secrets"}, ResourceNames: []string{name.Name}, Verbs: []string{"get"}}}}
	binding := &rbacv1.RoleBinding{ObjectMeta: *meta.DeepCopy(), RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: meta.Name},
		Subjects: []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: p.Peers.Namespace, Name: "ringspan-peer"}}}
	for _, o := range []client.Object{role, binding} {
		there := o.DeepCopyObject().(client.Object)
		err := p.Client.Get(ctx, client.ObjectKeyFromObject(o), there)
		if apierrors.IsNotFound(err) {
			err = p.Client.Create(ctx, o)
		}
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return err
		}
	}
	return nil
}
