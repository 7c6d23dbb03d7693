package ring

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/federation"
	"github.com/ringspan/ringspan/internal/grant"
	"github.com/ringspan/ringspan/internal/replication"
)

// planSecret makes sure that the superuser's Secret is here: given, made by the founder's region, or fetched from a region
// that has it.
func (s *State) planSecret(p *Plan) {
	if !Auth(s.Ring) {
		return
	}
	name := SuperuserSecret(s.Ring)
	if !s.Shared { // before it is there: who may not read it can't tell whether it is
		p.add(Share, "the other regions log in with it too", Step{Object: s.newSecret(s.Ring.Namespace)})
	}
	secret := s.Secret.Found
	switch {
	case secret == nil:
		s.planObtain(p)
		return
	case replication.Special(secret.Type):
		p.Warn("spec.cassandra.superuserSecretRef: Secret %s has the type %s; it needs one for people's use, such as Opaque", name, secret.Type)
		return
	}
	for _, key := range []string{"username", "password"} {
		if len(secret.Data[key]) == 0 {
			p.Warn("spec.cassandra.superuserSecretRef: Secret %s has no key %s; it needs username and password", name, key)
		}
	}
	s.planRefresh(p)
}

// planRefresh keeps a copy like its original, while that can be read, and tells where it isn't clear which one that is.
func (s *State) planRefresh(p *Plan) {
	s.planLost(p)
	switch from := s.Secret.Found.Annotations[federation.OriginAnnotation]; {
	case from == "":
		s.planDiffers(p)
		s.planTheirs(p)
	case from == s.Region:
		s.planReturned(p)
	case s.peer(from) != nil:
		s.planDiffers(p)
		s.planCopy(p, from)
	}
}

// planDiffers names originals with different contents, also where this region has a copy of one: each datacenter would give the
// superuser another password.
func (s *State) planDiffers(p *Plan) {
	region, first, others := s.Region, s.Secret.Found, s.originals()
	if originOf(region, first) != region && len(others) > 0 {
		region, first, others = others[0].Region, others[0].Secret.Found, others[1:]
	}
	for _, other := range others {
		if !sameLogin(other.Secret.Found, first) {
			p.Warn("Secret %s in namespace %s differs between the regions %s and %s, and neither is a copy: the roles of the ring have one password. Give both the same username and password",
				first.Name, s.Ring.Namespace, region, other.Region)
		}
	}
}

// planTheirs names this region's original, and its copies, where it says that it is of another ring and they are of this one.
func (s *State) planTheirs(p *Plan) {
	for i := range s.Peers {
		if o := &s.Peers[i]; o.has() && originOf(o.Region, o.Secret.Found) == s.Region && !s.leads(s.Secret.Found, o.Secret.Found) {
			s.warnTheirs(p, s.Region, s.Secret.Found, o.Region, o.Secret.Found)
		}
	}
}

func (s *State) warnTheirs(p *Plan, region string, original *corev1.Secret, follower string, copied *corev1.Secret) {
	if sameLogin(original, copied) {
		return
	}
	p.Warn("Secret %s in namespace %s differs between the regions %s and %s: the one in region %[3]s says that it is of another ring, and the one in region %[4]s, a copy, that it is of this one. "+
		"Give both the same username and password; or delete the one in region %[3]s, if it is wrong, or its annotation %[5]s, if it is right", original.Name, s.Ring.Namespace, region, follower, api.RingIDAnnotation)
}

// planReturned makes an original that came back from a copy the only one, or a copy again: a former version's copy may name
// this region although it was pulled from another one's original. Which one holds is decided only where they are alike.
func (s *State) planReturned(p *Plan) {
	others := s.originals()
	for _, other := range others {
		given := other.Secret.Found.Annotations[federation.OriginAnnotation] == ""
		if alike(other.Secret.Found.Data, s.Secret.Found.Data) && (given || other.Region < s.Region) {
			s.rewrite(p, other.Region, nil, "the original is in region "+other.Region)
			return
		}
	}
	s.planDiffers(p)
	if len(others) == 0 && len(s.regionsThatMayHave()) == 0 {
		s.rewrite(p, "", nil, "no other region has the original")
	}
}

// planCopy lets a copy follow its original, unless it isn't clear that the original is the ring's.
func (s *State) planCopy(p *Plan, from string) {
	if s.planCircle(p, s.Region) {
		return
	}
	original, data := s.original(s.Region), s.Secret.Found.Data
	if there := s.secretIn(original); there != nil { // what another copy has may be older than this one
		if !s.leads(there, s.Secret.Found) && !alike(there.Data, data) {
			s.warnTheirs(p, original, there, s.Region, s.Secret.Found)
			return
		}
		data = there.Data
	}
	switch {
	case original != from:
		s.rewrite(p, original, data, "it was a copy of a copy; the original is in region "+original)
	case !alike(data, s.Secret.Found.Data):
		s.rewrite(p, original, data, "it has changed in region "+original)
	}
}

// planCircle names copies that differ although each is one of the next in a circle, which a region's Secret leads to: any of
// them may have the password that the ring's roles have.
func (s *State) planCircle(p *Plan, region string) bool {
	_, circle := s.line(region)
	for _, other := range circle {
		if !alike(s.secretIn(other).Data, s.secretIn(circle[0]).Data) {
			p.Warn("Secret %s in namespace %s differs between the regions %s, where each is a copy of another: the roles of the ring have one password. Give all of them the same username and password, or delete those that are wrong",
				SuperuserSecret(s.Ring), s.Ring.Namespace, strings.Join(slices.Sorted(slices.Values(circle)), " and "))
			return true
		}
	}
	return false
}

// rewrite writes this region's Secret, which is a copy, with the region of its original; "" where it is that itself.
func (s *State) rewrite(p *Plan, original string, data map[string][]byte, why string) {
	next := s.Secret.Found.DeepCopy()
	if data != nil {
		next.Data = data
	}
	s.mark(next, original)
	of := s.secretIn(original)
	if data != nil && of != nil {
		noteVersion(next, versionOf(of))
	}
	if id := s.Ring.Annotations[api.RingIDAnnotation]; id != "" && (original == "" || of != nil && !s.isAnothersSecret(of)) {
		federation.Note(next, api.RingIDAnnotation, id)
	}
	p.add(UpdateSecret, why, Step{Object: next, Exists: true})
}

// mark puts on a Secret beside the ring where its original is.
func (s *State) mark(secret *corev1.Secret, original string) {
	if secret.Labels == nil {
		secret.Labels = map[string]string{}
	}
	switch original {
	case "":
		delete(secret.Annotations, federation.OriginAnnotation)
		delete(secret.Annotations, cassandra.OriginVersionAnnotation)
		delete(secret.Labels, api.ReplicatedByLabel)
	default:
		federation.Note(secret, federation.OriginAnnotation, original)
		secret.Labels[api.ReplicatedByLabel] = api.ReplicatedByLabelValue
	}
}

// planObtain makes or fetches a Secret that is not here.
func (s *State) planObtain(p *Plan) {
	if from := s.sources(); len(from) > 0 {
		s.planPull(p, from)
		return
	}
	var may []string // have it: one whose operator has yet to let us read it, or that doesn't answer just now
	for i := range s.Peers {
		if peer := &s.Peers[i]; !peer.Reachable || !peer.Secret.Absent() {
			may = append(may, peer.Region)
		}
	}
	name, founder := SuperuserSecret(s.Ring), s.founder()
	given := s.Ring.Spec.Cassandra.SuperuserSecretRef.Name != ""
	switch {
	case !given && founder == s.Region:
		s.planNew(p)
	case given && len(may) == 0:
		p.Warn("spec.cassandra.superuserSecretRef: Secret %s does not exist in namespace %s of any region; it needs username and password", name, s.Ring.Namespace)
	case len(may) == 0:
		p.Wait("Secret %s to be made in region %s", name, founder)
	default:
		p.Wait("Secret %s, which is being pulled from %s", name, strings.Join(may, " or "))
	}
}

// planPull fetches the best of the Secrets that can be read, unless another one may be better: it would become the password of
// the ring's roles.
func (s *State) planPull(p *Plan, from []source) {
	best, may := from[0], s.regionsThatMayHave()
	if s.planCircle(p, best.region) || s.planUnlike(p, from, may) {
		return
	}
	switch {
	case len(may) > 0 && !s.isSure(best):
		s.planWait(p, may, "what "+best.where+" has doesn't say that it is this ring's, and is not copied")
	case len(may) > 0 && s.mayBeOld(best):
		s.planWait(p, may, "what "+best.where+" has may be out of date, and is not copied")
	default:
		p.add(CopySecret, best.where+" has it", Step{Object: s.pulled(best)})
	}
}

// planUnlike keeps a Secret from being fetched while another one differs that may as well have the password of the ring's roles,
// and tells whether there is one.
func (s *State) planUnlike(p *Plan, from []source, may []string) bool {
	best, other := from[0], s.unlike(from)
	switch {
	case other == nil:
		return false
	case len(may) > 0 && best.region != s.Region:
		s.planWait(p, may, fmt.Sprintf("what %s has differs from what %s has, and neither is copied", best.where, other.where))
	default:
		s.warnUnlike(p, best, *other)
	}
	return true
}

// unlike is a source that differs from the best one: a copy of the same original, or one that is as sure and only comes later by
// its region's name. nil when there is none.
func (s *State) unlike(from []source) *source {
	best := from[0]
	i := slices.IndexFunc(from, func(o source) bool {
		sure := o.region == best.region && o.trust >= min(best.trust, ofACopy) || o.trust == best.trust && o.rank == best.rank
		return sure && !sameLogin(s.contents(o), s.contents(best))
	})
	if i < 0 {
		return nil
	}
	return &from[i]
}

// planLost names copies that differ of an original that is lost, also where this region has another one.
func (s *State) planLost(p *Plan) {
	regions := []string{s.Region}
	for _, peer := range s.Peers {
		regions = append(regions, peer.Region)
	}
	slices.Sort(regions)
	first := map[string]source{} // by the region of the original
	for _, region := range regions {
		from, secret := s.lostOriginal(region), s.secretIn(region)
		if from == "" || s.isAnothersSecret(secret) {
			continue
		}
		one := source{where: "region " + region, region: from, secret: secret}
		before, is := first[from]
		switch {
		case !is:
			first[from] = one
		case !sameLogin(before.secret, secret):
			s.warnUnlike(p, before, one)
		}
	}
}

// warnUnlike names two Secrets of which either may have the password of the ring's roles.
func (s *State) warnUnlike(p *Plan, a, b source) {
	const unknown = "which one has the username and password that the ring's roles have isn't known"
	if a.region == b.region && s.hasNone(a.region) {
		p.Warn("Secret %s, which region %s has lost, differs between its copies in %s and %s: %s. Delete the other one, or make it yourself: %s",
			SuperuserSecret(s.Ring), a.region, a.where, b.where, unknown, s.makeIt(a.region))
		return
	}
	p.Warn("Secret %s in namespace %s differs between %s and %s: %s. Give both the same username and password, or delete the other one", SuperuserSecret(s.Ring), s.Ring.Namespace, a.where, b.where, unknown)
}

// planWait waits for regions that may have the Secret, and tells the ways out.
func (s *State) planWait(p *Plan, may []string, why string) {
	p.Wait("Secret %s, which region %s may have: %s before that can be read. Make it yourself, with the username and password that the ring's roles have, or any where there are none yet: %s. "+
		"Or, if that region is gone for good, delete its ClientConfig: "+
		"kubectl --context %s --namespace %s get clientconfigs tells its name by region, and kubectl --context %[5]s --namespace %[6]s delete clientconfig NAME deletes it",
		SuperuserSecret(s.Ring), strings.Join(may, " or "), why, s.makeIt(s.Region), s.Region, s.View.Configs)
}

// makeIt is the command that makes the Secret in a region.
func (s *State) makeIt(region string) string {
	return fmt.Sprintf("kubectl --context %s --namespace %s create secret generic %s --from-literal=username=USERNAME --from-literal=password=PASSWORD", region, s.Ring.Namespace, SuperuserSecret(s.Ring))
}

// planNew makes a Secret anew, unless another region, or a datacenter's namespace, may have it: the ring's roles have the
// password that is in that one.
func (s *State) planNew(p *Plan) {
	may, local := s.regionsThatMayHave(), s.localMayHave()
	if len(local) > 0 {
		p.Wait("Secret %s, which namespace %s may have a copy of: it is not made anew before that can be read there and the namespace accepts the ring", SuperuserSecret(s.Ring), strings.Join(local, " or "))
	}
	if len(may) > 0 {
		s.planWait(p, may, "it is not made anew")
	}
	if len(may)+len(local) == 0 {
		p.add(MakeSecret, "the ring has none, and is founded here", Step{Object: s.newSecret(s.Ring.Namespace)})
	}
}

// regionsThatMayHave are those whose Secret can't be read, and that may have one.
func (s *State) regionsThatMayHave() (all []string) {
	for i := range s.Peers {
		if s.mayHave(&s.Peers[i]) {
			all = append(all, s.Peers[i].Region)
		}
	}
	return all
}

// mayHave tells whether a region has, or had, a copy of the ring, and isn't known to have no Secret of it. What the other
// regions remember counts too: this one may have lost all that it knew.
func (s *State) mayHave(peer *Peer) bool {
	switch {
	case s.View.HasAnother(peer.Region):
		return false
	case peer.Reachable:
		return peer.Copy != nil && peer.Secret.Err != nil
	case peer.Copy != nil, s.hadPart(peer.Region):
		return true
	}
	return slices.ContainsFunc(s.View.Peers, func(o federation.Peer) bool { return o.Seen[peer.Region] != "" && !s.View.HasAnother(o.Region) })
}

// hadPart tells whether this region's copy says that another one had the ring: it lists that one's copy, came from there, or has
// what was changed there. A copy that was just taken over has no list yet.
func (s *State) hadPart(region string) bool {
	own := s.View.Own
	return own != nil && (own.Seen[region] != "" || own.Origin == region || own.Revision.Region == region || own.Head.Seen[region] > 0)
}

// newSecret is the superuser's in a namespace, without contents. It bears the ring's id: one that is left of an earlier ring
// of the same name isn't taken for it.
func (s *State) newSecret(namespace string) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: SuperuserSecret(s.Ring), Annotations: ringID(s.Ring),
		Labels: map[string]string{api.ClusterNameLabel: s.Ring.Name, api.ClusterNamespaceLabel: s.Ring.Namespace}}}
}

// pulled is a Secret here that another one is the source of: a copy of the original, or the original again where that was here
// and is lost, or this region would follow the ones that follow it. Of what a former version copied that isn't sure.
func (s *State) pulled(from source) *corev1.Secret {
	secret, contents, sure := s.newSecret(s.Ring.Namespace), s.contents(from), from.trust == ofThisRing
	if secret.Type, secret.Data = contents.Type, contents.Data; contents == s.secretIn(from.region) {
		sure = !s.isAnothersSecret(contents)
	}
	if from.region != s.Region || !sure {
		s.mark(secret, from.region)
		noteVersion(secret, versionOf(contents))
	}
	if !sure {
		delete(secret.Annotations, api.RingIDAnnotation)
	}
	return secret
}

// planSecretOf keeps a copy of the superuser's Secret in the namespace of a datacenter that isn't the ring's, which has to
// accept it. A Secret of that name that is no copy is left as it is; one with other contents is in the way.
func (s *State) planSecretOf(p *Plan, i int, namespace string) {
	from, there := s.Secret.Found, s.Here[i].Secret.Found
	if !Auth(s.Ring) || s.asker().Own(namespace) || from == nil || replication.Special(from.Type) {
		return
	}
	datacenter := s.templates()[i].Metadata.Name
	switch {
	case there == nil && grant.Accepts(s.Namespaces[namespace].Found, s.asker()):
		copied := s.newSecret(namespace)
		copied.Labels[api.ReplicatedByLabel] = api.ReplicatedByLabelValue
		federation.Note(copied, copyOfAnnotation, s.asker().String())
		federation.Note(copied, copyFromAnnotation, originOf(s.Region, from))
		noteVersion(copied, versionOf(from))
		copied.Type, copied.Data = from.Type, from.Data
		p.add(CopySecret, fmt.Sprintf("datacenter %s is there", datacenter), Step{Datacenters: []string{datacenter}, Object: copied})
	case there == nil || alike(there.Data, from.Data):
	case there.Annotations[copyOfAnnotation] != s.asker().String():
		p.Warn("Secret %s in namespace %s is no copy of the ring's, and differs from it: it is left as it is", there.Name, namespace)
	default:
		next := there.DeepCopy()
		next.Data = from.Data
		federation.Note(next, copyFromAnnotation, originOf(s.Region, from))
		noteVersion(next, versionOf(from))
		p.add(UpdateSecret, "the ring's has changed", Step{Datacenters: []string{datacenter}, Object: next, Exists: true})
	}
}

func alike(a, b map[string][]byte) bool { return maps.EqualFunc(a, b, bytes.Equal) }

// sameLogin tells whether two Secrets have the same username and password.
func sameLogin(a, b *corev1.Secret) bool {
	same := func(key string) bool { return bytes.Equal(a.Data[key], b.Data[key]) }
	return same("username") && same("password")
}
