package ring

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/federation"
	"github.com/ringspan/ringspan/internal/grant"
	"github.com/ringspan/ringspan/internal/replication"
)

// copyOfAnnotation of a superuser's Secret says which ring's it is a copy of, in a namespace that isn't the ring's, and
// copyFromAnnotation in which region the original is. (A copy beside the ring says that with federation.OriginAnnotation.)
const (
	copyOfAnnotation   = "ringspan.io/superuser-of"
	copyFromAnnotation = "ringspan.io/superuser-from"
)

// originOf is the region that a region's Secret is a copy of; that region itself, where it is the original. An original that
// came back from a copy names its own region until it is known that no other region has one.
func originOf(region string, secret *corev1.Secret) string {
	return orElse(secret.Annotations[federation.OriginAnnotation], region)
}

// secretIn is a region's superuser's Secret, nil where it has none or it can't be read.
func (s *State) secretIn(region string) *corev1.Secret {
	if region == s.Region {
		return s.Secret.Found
	}
	if p := s.peer(region); p != nil && p.has() {
		return p.Secret.Found
	}
	return nil
}

// has tells whether a region has a Secret that can be copied.
func (p *Peer) has() bool {
	return p.Reachable && p.Secret.Found != nil && !replication.Special(p.Secret.Found.Type)
}

// original is the region whose Secret a region's is a copy of in the end. Former versions pulled copies from copies without
// saying so: they may name each other in a line, or in a circle. Of a circle the first by name is the original, which every
// region finds alike. Where the next one can't be read, or is of no known region, the line ends as far as it is known.
func (s *State) original(region string) string {
	var line []string
	for at := region; ; {
		if i := slices.Index(line, at); i >= 0 {
			return slices.Min(line[i:])
		}
		line = append(line, at)
		secret := s.secretIn(at)
		if secret == nil {
			return at
		}
		next := originOf(at, secret)
		if next != s.Region && s.peer(next) == nil {
			return at
		}
		at = next
	}
}

// originals are the other regions that have an original, as far as they can be read.
func (s *State) originals() (all []*Peer) {
	for i := range s.Peers {
		if p := &s.Peers[i]; p.has() && originOf(p.Region, p.Secret.Found) == p.Region {
			all = append(all, p)
		}
	}
	return all
}

// isKnownOurs tells whether a Secret says that it was made, or copied, for this very ring, and not for an earlier one of its name.
func (s *State) isKnownOurs(secret *corev1.Secret) bool {
	id := secret.Annotations[api.RingIDAnnotation]
	return id != "" && id == s.Ring.Annotations[api.RingIDAnnotation]
}

// isAnothersSecret tells whether it says that it is of another ring.
func (s *State) isAnothersSecret(secret *corev1.Secret) bool {
	return secret.Annotations[api.RingIDAnnotation] != "" && !s.isKnownOurs(secret)
}

// source is a Secret that this region's can be made from.
type source struct {
	where  string // in words
	region string // that its original is in, or was: this one, if that is lost
	secret *corev1.Secret
	trust  int
}

// How sure it is that a Secret has the password of the ring's roles.
const (
	ofAnotherRing = iota // it says so
	ofNobody             // it says nothing, and no copy names it: it may be left of an earlier ring
	ofACopy              // it is a copy, or a copy names it
	ofThisRing           // it says so
)

// sources are the Secrets that this region's can be made from, the best one first: of those that are as sure as each other an
// original before a copy, and another region's before one in a datacenter's namespace, which is only as new as the one that was here.
func (s *State) sources() (all []source) {
	for i := range s.Peers {
		if p := &s.Peers[i]; p.has() {
			one := source{"region " + p.Region, s.original(p.Region), p.Secret.Found, s.trust(p)}
			if s.secretIn(one.region) != nil {
				one.where = "region " + one.region
			}
			all = append(all, one)
		}
	}
	slices.SortStableFunc(all, func(a, b source) int {
		if a.trust != b.trust {
			return b.trust - a.trust
		}
		return rank(a.secret) - rank(b.secret)
	})
	if local, is := s.localSource(); is {
		i := slices.IndexFunc(all, func(o source) bool { return o.trust < local.trust })
		if i < 0 {
			i = len(all)
		}
		all = slices.Insert(all, i, local)
	}
	return all
}

// rank is lower for originals.
func rank(secret *corev1.Secret) int {
	if secret.Annotations[federation.OriginAnnotation] == "" {
		return 0
	}
	return 1
}

// trust is how sure it is that a peer's Secret is the ring's.
func (s *State) trust(p *Peer) int {
	switch from := p.Secret.Found.Annotations[federation.OriginAnnotation]; {
	case s.isKnownOurs(p.Secret.Found):
		return ofThisRing
	case s.isAnothersSecret(p.Secret.Found):
		return ofAnotherRing
	case from != "" && (from == s.Region || s.peer(from) != nil), s.isNamed(p.Region):
		return ofACopy
	}
	return ofNobody
}

// isNamed tells whether another region's copy names the original in a region.
func (s *State) isNamed(region string) bool {
	return slices.ContainsFunc(s.Peers, func(p Peer) bool {
		return p.Region != region && p.has() && !s.isAnothersSecret(p.Secret.Found) && originOf(p.Region, p.Secret.Found) == region
	})
}

// localSource is the copy that this region has made in the namespace of a datacenter.
func (s *State) localSource() (source, bool) {
	for i, t := range s.templates() {
		secret := s.Here[i].Secret.Found
		if secret == nil || secret.Annotations[copyOfAnnotation] != s.asker().String() || replication.Special(secret.Type) || !grant.Accepts(s.Namespaces[Namespace(s.Ring, t)].Found, s.asker()) {
			continue
		}
		one := source{where: "namespace " + Namespace(s.Ring, t), region: s.Region, secret: secret, trust: ofACopy}
		if from := secret.Annotations[copyFromAnnotation]; s.peer(from) != nil {
			one.region = s.original(from)
		}
		switch {
		case s.isKnownOurs(secret):
			one.trust = ofThisRing
		case s.isAnothersSecret(secret):
			one.trust = ofAnotherRing
		}
		return one, true
	}
	return source{}, false
}

// localMayHave names the namespaces of datacenters that may have a copy, which can't be read or isn't to be trusted: who has
// rights in another namespace can write anything there.
func (s *State) localMayHave() (all []string) {
	for i, t := range s.templates() {
		secret := s.Here[i].Secret
		if secret.Err != nil || secret.Found != nil && secret.Found.Annotations[copyOfAnnotation] == s.asker().String() {
			all = append(all, Namespace(s.Ring, t))
		}
	}
	return all
}
