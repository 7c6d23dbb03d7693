package ring

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/federation"
	"github.com/ringspan/ringspan/internal/grant"
	"github.com/ringspan/ringspan/internal/replication"
)

// copyOfAnnotation of a superuser's Secret says which ring's it is a copy of, in a namespace that isn't the ring's, and
// copyFromAnnotation in which region the original is. (A copy beside the ring says that with federation.OriginAnnotation.)
const (
	copyOfAnnotation   = "ringspan.io/superuser-of"
	copyFromAnnotation = cassandra.SuperuserFromAnnotation
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

// original is the region whose Secret a region's is a copy of in the end.
func (s *State) original(region string) string {
	end, _ := s.line(region)
	return end
}

// line is where the copies that begin with a region's end. Former versions pulled copies from copies without saying so: they
// may name each other in a line, or in a circle. Of a circle the first by name is the original, which every region finds alike;
// the circle's regions are told, for that holds only while all have the same. Where the next one can't be read, or is of no
// known region, the line ends as far as it is known.
func (s *State) line(region string) (end string, circle []string) {
	var line []string
	for at := region; ; {
		if i := slices.Index(line, at); i >= 0 {
			return slices.Min(line[i:]), line[i:]
		}
		line = append(line, at)
		secret := s.secretIn(at)
		if secret == nil {
			return at, nil
		}
		next := originOf(at, secret)
		if next != s.Region && s.peer(next) == nil {
			return at, nil
		}
		at = next
	}
}

// lostOriginal is the region whose original a region's Secret is a copy of, if that region is known to have none any more, or isn't
// known itself; "" otherwise.
func (s *State) lostOriginal(region string) string {
	end := s.original(region)
	last := s.secretIn(end)
	if last == nil {
		if s.secretIn(region) == nil || !s.hasNone(end) {
			return ""
		}
		return end
	}
	if from := originOf(end, last); from != s.Region && s.peer(from) == nil {
		return from
	}
	return ""
}

// hasNone tells whether a region is known to have no Secret.
func (s *State) hasNone(region string) bool {
	if region == s.Region {
		return s.Secret.Absent()
	}
	p := s.peer(region)
	return p != nil && p.Reachable && p.Secret.Absent()
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

// leads tells whether a copy is to follow its original: not if that says that it is of another ring, while the copy says that
// it is of this one.
func (s *State) leads(original, copied *corev1.Secret) bool {
	return !s.isAnothersSecret(original) || !s.isKnownOurs(copied)
}

// source is a Secret that this region's can be made from.
type source struct {
	where  string // in words
	region string // that its original is in, or was: this one, if that is lost
	secret *corev1.Secret
	trust  int
	rank   int // lower is better, of those that are as sure as each other
}

// How sure it is that a Secret has the password of the ring's roles.
const (
	ofAnotherRing = iota // it says so
	ofNobody             // it says nothing, and no copy names it: it may be left of an earlier ring
	ofACopy              // it is a copy, or a copy names it
	ofThisRing           // it says so
)

// The ranks.
const (
	anOriginal = iota
	aCopy
	aLocalCopy // in a datacenter's namespace: it is never newer than the one that was here, and may be older
)

// sources are the Secrets that this region's can be made from, the best one first.
func (s *State) sources() []source {
	all := s.localSources()
	for i := range s.Peers {
		if p := &s.Peers[i]; p.has() {
			one := source{where: "region " + p.Region, region: s.original(p.Region), secret: p.Secret.Found, trust: s.trust(p)}
			if original := s.secretIn(one.region); original != nil && s.leads(original, one.secret) {
				one.where = "region " + one.region
			}
			if one.secret.Annotations[federation.OriginAnnotation] != "" {
				one.rank = aCopy
			}
			all = append(all, one)
		}
	}
	slices.SortStableFunc(all, func(a, b source) int { return cmp.Or(b.trust-a.trust, a.rank-b.rank) })
	return all
}

// founder is the region whose datacenter founds the ring, and gives its roles their passwords.
func (s *State) founder() string { return RegionOf(s.Ring, s.templates()[0]) }

// isSure tells whether a source is the ring's. What a person has given bears no id; the region that founds the ring gives its
// roles the one that is an original there.
func (s *State) isSure(from source) bool {
	if from.trust == ofThisRing {
		return true
	}
	founder := s.founder()
	original := s.secretIn(founder)
	return from.region == founder && original != nil && original.Annotations[federation.OriginAnnotation] == "" && !s.isAnothersSecret(original)
}

// contents is the Secret that is copied from a source: the original, where that can be read and is the copy's.
func (s *State) contents(from source) *corev1.Secret {
	if original := s.secretIn(from.region); original != nil && s.leads(original, from.secret) {
		return original
	}
	return from.secret
}

// mayBeOld tells whether a source may be older than the password of the ring's roles: its original can't be read, and this region's
// was that itself, or is what the founder's datacenter gives the roles.
func (s *State) mayBeOld(from source) bool {
	original := s.secretIn(from.region)
	read := original != nil && s.leads(original, from.secret) && originOf(from.region, original) == from.region
	return !read && (from.region == s.Region || s.founder() == s.Region)
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

// localSources are the copies that this region has made in the namespaces of datacenters. Another region's copy of an original
// that was here may be newer: it is read from there directly, while a write into a namespace may fail.
func (s *State) localSources() (all []source) {
	for i, t := range s.templates() {
		secret := s.Here[i].Secret.Found
		if secret == nil || secret.Annotations[copyOfAnnotation] != s.asker().String() || replication.Special(secret.Type) || !grant.Accepts(s.Namespaces[Namespace(s.Ring, t)].Found, s.asker()) {
			continue
		}
		from := secret.Annotations[copyFromAnnotation]
		one := source{where: "namespace " + Namespace(s.Ring, t), region: s.Region, secret: secret, trust: ofACopy, rank: aLocalCopy}
		if s.peer(from) != nil {
			one.region = s.original(from)
		}
		switch {
		case s.isKnownOurs(secret):
			one.trust = ofThisRing
		case s.isAnothersSecret(secret):
			one.trust = ofAnotherRing
		}
		all = append(all, one)
	}
	return all
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

// versionOf is which version of the original a Secret has: its own where it is that. "" where a former version copied it.
func versionOf(secret *corev1.Secret) string {
	if secret.Annotations[federation.OriginAnnotation] == "" {
		return secret.ResourceVersion
	}
	return secret.Annotations[cassandra.OriginVersionAnnotation]
}

// noteVersion puts on a copy which version of the original it has.
func noteVersion(secret *corev1.Secret, version string) {
	if version == "" {
		delete(secret.Annotations, cassandra.OriginVersionAnnotation)
		return
	}
	federation.Note(secret, cassandra.OriginVersionAnnotation, version)
}
