package iam

import (
	"time"

	"github.com/ringspan/ringspan/local/aws/wire"
	"github.com/ringspan/ringspan/local/aws/world"
)

// Namespace is that of the answers' XML.
const Namespace = "https://iam.amazonaws.com/doc/2010-05-08/"

// VisibleAfter is how long other services don't see a new role on AWS, about.
const VisibleAfter = 10 * time.Second

// Service is IAM of one account. Its methods that take a context are the
// calls; they run inside World.Do.
type Service struct {
	world *world.World
	state State
}

// State is all that a restart must find again.
type State struct {
	Roles     world.Table[Role]
	Policies  world.Table[Policy]
	Profiles  world.Table[InstanceProfile]
	Providers world.Table[OpenIDConnectProvider]
	Keys      map[string]Key // by access key
}

// New makes the service of an account.
func New(w *world.World) *Service {
	s := &Service{world: w}
	s.Reset()
	return s
}

// Name is the service's in signatures.
func (s *Service) Name() string { return "iam" }

// State is what a restart must find again.
func (s *Service) State() any { return &s.state }

// Reset forgets all resources; the account's own access keys stay.
func (s *Service) Reset() {
	keys := map[string]Key{}
	for id, k := range s.state.Keys {
		if k.Token == "" {
			keys[id] = k
		}
	}
	s.state = State{Keys: keys}
}

// Settle forgets temporary credentials that have expired.
func (s *Service) Settle(now time.Time) (bool, time.Time) {
	changed := false
	for id, k := range s.state.Keys {
		if !k.Expires.IsZero() && now.After(k.Expires.Add(time.Hour)) { // a while longer, to say "expired"
			delete(s.state.Keys, id)
			changed = true
		}
	}
	return changed, time.Time{}
}

func (s *Service) arn(resource string) string {
	return "arn:aws:iam::" + s.world.Account + ":" + resource
}

func noEntity(what, name string) *wire.Error {
	return wire.Errorf("NoSuchEntity", "The %s with name %s cannot be found.", what, name)
}

func invalid(format string, args ...any) *wire.Error {
	return wire.Errorf("ValidationError", format, args...)
}

// Empty is an input or output with nothing in it.
type Empty struct{}

// Tag is a key and a value.
type Tag struct {
	Key, Value string
}

// mergeTags adds tags, and replaces those with the same keys.
func mergeTags(have, add []Tag) []Tag {
	for _, t := range add {
		have = append(withoutTags(have, []string{t.Key}), t)
	}
	return have
}

func withoutTags(have []Tag, keys []string) []Tag {
	var out []Tag
next:
	for _, t := range have {
		for _, k := range keys {
			if t.Key == k {
				continue next
			}
		}
		out = append(out, t)
	}
	return out
}

// Resources lists the ARNs of all that the account holds. Inside Do.
func (s *Service) Resources() []string {
	var out []string
	for _, r := range s.state.Roles.All() {
		out = append(out, r.Arn)
	}
	for _, p := range s.state.Policies.All() {
		out = append(out, p.Arn)
	}
	for _, p := range s.state.Profiles.All() {
		out = append(out, p.Arn)
	}
	for _, p := range s.state.Providers.All() {
		out = append(out, p.ARN)
	}
	return out
}
