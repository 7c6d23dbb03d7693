package ring

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/federation"
	"github.com/ringspan/ringspan/internal/grant"
	"github.com/ringspan/ringspan/internal/replication"
)

// copyOfAnnotation of a superuser's Secret says which ring's it is a copy of, in a namespace that isn't the ring's.
const copyOfAnnotation = "ringspan.io/superuser-of"

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
		p.Worry("spec.cassandra.superuserSecretRef: Secret %s has the type %s; it needs one for people's use, such as Opaque", name, secret.Type)
		return
	}
	for _, key := range []string{"username", "password"} {
		if len(secret.Data[key]) == 0 {
			p.Worry("spec.cassandra.superuserSecretRef: Secret %s has no key %s; it needs username and password", name, key)
		}
	}
	s.planRefresh(p)
}

// planRefresh keeps a copy like its original, while that can be read.
func (s *State) planRefresh(p *Plan) {
	from := s.Secret.Found.Annotations[federation.OriginAnnotation]
	peer := s.peer(from)
	if peer == nil || !peer.Reachable || peer.Secret.Found == nil || alike(peer.Secret.Found.Data, s.Secret.Found.Data) {
		return
	}
	next := s.Secret.Found.DeepCopy()
	next.Data = peer.Secret.Found.Data
	p.add(UpdateSecret, "it has changed in region "+from, Step{Object: next, Exists: true})
}

// planObtain makes or fetches a Secret that is not here.
func (s *State) planObtain(p *Plan) {
	var refuse, silent []string
	var from *Peer
	for i := range s.Peers {
		switch peer := &s.Peers[i]; {
		case !peer.Reachable:
			silent = append(silent, peer.Region)
		case peer.has():
			if from == nil || peer.Secret.Found.Annotations[federation.OriginAnnotation] == "" { // rather the original
				from = peer
			}
		case !peer.Secret.Absent(): // its operator has yet to let us read it, or it doesn't answer just now
			refuse = append(refuse, peer.Region)
		}
	}
	if from != nil {
		p.add(CopySecret, "region "+from.Region+" has it", Step{Object: s.pulled(from)})
		return
	}
	name, founder := SuperuserSecret(s.Ring), RegionOf(s.Ring, s.templates()[0])
	given := s.Ring.Spec.Cassandra.SuperuserSecretRef.Name != ""
	switch may := slices.Concat(refuse, silent); {
	case !given && founder == s.Region:
		s.planNew(p)
	case given && len(may) == 0:
		p.Worry("spec.cassandra.superuserSecretRef: Secret %s does not exist in namespace %s of any region; it needs username and password", name, s.Ring.Namespace)
	case len(may) == 0:
		p.Wait("Secret %s to be made in region %s", name, founder)
	default:
		p.Wait("Secret %s, which is being pulled from %s", name, strings.Join(may, " or "))
	}
}

// has tells whether a region has a Secret that can be copied.
func (p *Peer) has() bool {
	return p.Secret.Found != nil && !replication.Special(p.Secret.Found.Type)
}

// planNew makes a Secret anew, unless another region may have it: the ring's roles have the password that is in that one.
func (s *State) planNew(p *Plan) {
	var may []string
	for i := range s.Peers {
		if s.mayHave(&s.Peers[i]) {
			may = append(may, s.Peers[i].Region)
		}
	}
	if len(may) == 0 {
		p.add(MakeSecret, "the ring has none, and is founded here", Step{Object: s.newSecret(s.Ring.Namespace)})
		return
	}
	p.Wait("Secret %s, which region %s may have: it is not made anew before that can be read. Make it yourself, with username and password, or delete the ClientConfig of a region that is gone for good",
		SuperuserSecret(s.Ring), strings.Join(may, " or "))
}

// mayHave tells whether a region has, or had, a copy of the ring, and isn't known to have no Secret of it. What the other
// regions remember counts too: this one may have lost all that it knew.
func (s *State) mayHave(peer *Peer) bool {
	switch {
	case s.View.Stranger(peer.Region):
		return false
	case peer.Reachable:
		return peer.Copy != nil && peer.Secret.Err != nil
	case peer.Copy != nil, s.View.Own != nil && s.View.Own.Seen[peer.Region] != "":
		return true
	}
	return slices.ContainsFunc(s.View.Peers, func(o federation.Peer) bool { return o.Seen[peer.Region] != "" && !s.View.Stranger(o.Region) })
}

// newSecret is the superuser's in a namespace, without contents.
func (s *State) newSecret(namespace string) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: SuperuserSecret(s.Ring),
		Labels: map[string]string{api.ClusterNameLabel: s.Ring.Name, api.ClusterNamespaceLabel: s.Ring.Namespace}}}
}

// pulled is another region's Secret here: a copy of the original, which it names if it is a copy itself. Where that is this
// region's, lost, it is the original again, or this region would follow the ones that follow it.
func (s *State) pulled(peer *Peer) *corev1.Secret {
	from, secret := peer.Secret.Found, s.newSecret(s.Ring.Namespace)
	secret.Type, secret.Data = from.Type, from.Data
	if origin := orElse(from.Annotations[federation.OriginAnnotation], peer.Region); origin != s.Region {
		secret.Labels[api.ReplicatedByLabel] = api.ReplicatedByLabelValue
		secret.Annotations = map[string]string{federation.OriginAnnotation: origin}
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
		copied.Annotations = map[string]string{copyOfAnnotation: s.asker().String()}
		copied.Type, copied.Data = from.Type, from.Data
		p.add(CopySecret, fmt.Sprintf("datacenter %s is there", datacenter), Step{Datacenter: datacenter, Object: copied})
	case there == nil || alike(there.Data, from.Data):
	case there.Annotations[copyOfAnnotation] != s.asker().String():
		p.Worry("Secret %s in namespace %s is no copy of the ring's, and differs from it: it is left as it is", there.Name, namespace)
	default:
		next := there.DeepCopy()
		next.Data = from.Data
		p.add(UpdateSecret, "the ring's has changed", Step{Datacenter: datacenter, Object: next, Exists: true})
	}
}

func alike(a, b map[string][]byte) bool { return maps.EqualFunc(a, b, bytes.Equal) }
