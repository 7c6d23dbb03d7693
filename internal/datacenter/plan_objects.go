package datacenter

import (
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
)

// planObjects makes all objects but the racks', and deletes those that are no longer asked
// for.
func (s *State) planObjects(p *Plan) {
	wanted := map[string]bool{}
	apply := func(o client.Object, why string) {
		wanted[key(o)] = true
		s.apply(p, o, why)
	}
	for _, o := range s.Services() {
		if o.Name == s.names().SeedService() && !s.ofRing() && !s.begun() && s.mustJoin() {
			continue // who makes it founds the ring
		}
		apply(o, "clients and peers find nodes by it")
	}
	for _, o := range s.SeedSlices() {
		apply(o, "spec.additionalSeeds")
	}
	if !hasKey(s.DC.Annotations, api.DisablePDBCreationAnnotation) {
		apply(s.budgetNow(), "one node may be away at a time")
	}
	for _, o := range s.optional() {
		if s.Hashes[key(o)] != "" && !wanted[key(o)] && !s.Foreign[key(o)] {
			p.add(Delete, key(o), "it is no longer asked for", Step{Object: o})
		}
	}
	if s.auth() && s.managesRing() && s.DC.Spec.SuperuserSecretName == "" && s.Superuser == nil && s.SecretError == "" {
		p.add(MakeSecret, s.names().SuperuserSecret(), "spec.superuserSecretName names none", Step{Object: s.superuserSecret()})
	}
}

// key names an object among those of the datacenter.
func key(o client.Object) string {
	return o.GetObjectKind().GroupVersionKind().Kind + " " + o.GetName()
}

// optional are the objects that exist only when the spec asks for them.
func (s *State) optional() (all []client.Object) {
	meta := func(name string) metav1.ObjectMeta {
		return metav1.ObjectMeta{Namespace: s.DC.Namespace, Name: name}
	}
	all = append(all,
		&corev1.Service{TypeMeta: serviceType, ObjectMeta: meta(s.names().NodePortService())},
		&policyv1.PodDisruptionBudget{TypeMeta: budgetType, ObjectMeta: meta(s.DC.Name + "-pdb")})
	for _, suffix := range seedSliceSuffixes {
		all = append(all, &discoveryv1.EndpointSlice{TypeMeta: sliceType, ObjectMeta: meta(s.names().AdditionalSeedService() + suffix)})
	}
	return all
}

// apply plans to write an object unless it was last written as it is now, or belongs to
// another datacenter of the cluster.
func (s *State) apply(p *Plan, o client.Object, why string) {
	stamp(o)
	if s.Foreign[key(o)] || s.Hashes[key(o)] == o.GetAnnotations()[api.ResourceHashAnnotation] {
		return
	}
	p.add(Apply, key(o), why, Step{Object: o})
}

// planClear clears requests that were carried out.
func (s *State) planClear(p *Plan) {
	s.planRestartRequest(p)
	if p.Updating || p.mounts || len(p.held) > 0 || !p.Quiet() || len(p.Steps) > 0 {
		return
	}
	if len(s.DC.Spec.ForceUpgradeRacks) > 0 {
		p.add(Clear, "spec.forceUpgradeRacks", "the racks are upgraded", Step{})
	}
	if s.DC.Annotations[api.UpdateAllowedAnnotation] == api.UpdateAllowedOnce && !p.canary && len(p.canaryRacks) == 0 {
		p.add(Clear, api.UpdateAllowedAnnotation, "the update is done", Step{})
	}
}
