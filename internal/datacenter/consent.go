package datacenter

import (
	"fmt"
	"slices"
	"strings"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/hash"
)

// Where the annotation ConsentAnnotation asks for it, a change of the spec that makes pods in service anew, or lets nodes leave, waits until
// somebody has allowed just that, by its hash: docs/design/0008-restart-preview.md says what waits and what doesn't.

// consentHash stands for what the spec asks for of the nodes: what their pods are made from, and how many there are to be. It is the
// same whatever runs, and however far a change has come. It is empty of a spec that can't be rendered.
func (s *State) consentHash() string {
	type rack struct {
		Name, Template string
		Nodes          int
	}
	var all []rack
	for _, r := range s.DC.Racks() {
		set, err := s.StatefulSet(r, 0)
		if err != nil {
			return ""
		}
		all = append(all, rack{r.Name, hash.Object(set.Spec.Template), s.wanted(r.Name)})
	}
	if s.PerNode.Name == "" {
		return hash.Object(all)
	}
	nodes := map[string]string{}
	for pod, one := range s.PerNode.Nodes {
		if s.mayBePod(pod) { // what there is of removed racks becomes less
			nodes[pod] = one.Text()
		}
	}
	return hash.Object([]any{all, nodes})
}

// lacksConsent tells whether a change has to wait for a person's consent, and notes the hash to which that is given.
func (s *State) lacksConsent(p *Plan) bool {
	if !s.asksForConsent() {
		return false
	}
	if p.consent == "" {
		p.consent = s.consentHash()
	}
	if p.consent == "" || slices.Contains(s.consents(), p.consent) {
		return false
	}
	p.Consent = p.consent
	return true
}

// asksForConsent tells whether changes of nodes in service wait for a person.
func (s *State) asksForConsent() bool {
	return s.DC.Annotations[api.ConsentAnnotation] == api.ConsentRequired && s.inService()
}

// mayRestartNode tells whether a node of an old configuration of its own may be restarted for the new one.
func (s *State) mayRestartNode() bool {
	return !s.asksForConsent() || slices.Contains(s.consents(), s.consentHash())
}

// planNodeConsent notes that nodes wait for consent to what is their own.
func (s *State) planNodeConsent(p *Plan) {
	for i := range s.Pods {
		if s.differsInNodeYAML(&s.Pods[i]) {
			s.lacksConsent(p)
			return
		}
	}
}

// consents are the hashes that are allowed, here and on the ring.
func (s *State) consents() []string {
	return strings.FieldsFunc(s.DC.Annotations[api.ConsentToAnnotation]+","+s.DC.Annotations[api.RingConsentToAnnotation], func(r rune) bool { return r == ',' || r == ' ' })
}

// holdsBack tells whether a changed template of a rack in service waits for consent. Racks that a person forces are allowed by that.
func (s *State) holdsBack(p *Plan, rack string) bool {
	return !slices.Contains(s.DC.Spec.ForceUpgradeRacks, rack) && s.lacksConsent(p)
}

// consentMessage says what waits, and how it is allowed.
func (s *State) consentMessage(p *Plan) string {
	return fmt.Sprintf("the spec asks for a change that restarts or removes nodes, and the annotation %s is %q. To see it: ringspan plan FILE. To allow just this: ringspan up FILE --yes, or kubectl -n %s annotate --overwrite cassandradatacenter %s %s=%s",
		api.ConsentAnnotation, api.ConsentRequired, s.DC.Namespace, s.DC.Name, api.ConsentToAnnotation, p.Consent)
}
