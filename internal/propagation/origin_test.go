package propagation

import (
	"strings"
	"testing"

	api "github.com/ringspan/ringspan/api/fleet/v1alpha1"
)

// What the source's region says counts for the very object that the spec names, and for no other.
func TestWhatIsPublishedIsTheSource(t *testing.T) {
	const source = "source: {region: central, apiVersion: apps/v1, kind: Deployment, namespace: other, name: front}"
	for _, c := range []struct{ why, region, published, want string }{
		{"the object", "central", "{apiVersion: apps/v1, kind: Deployment, metadata: {namespace: other, name: front}}", ""},
		{"of another name", "central", "{apiVersion: apps/v1, kind: Deployment, metadata: {namespace: other, name: back}}", "has not published it yet"},
		{"of another namespace", "central", "{apiVersion: apps/v1, kind: Deployment, metadata: {namespace: shop, name: front}}", "has not published it yet"},
		{"of another group", "central", "{apiVersion: example.com/v1, kind: Deployment, metadata: {namespace: other, name: front}}", "has not published it yet"},
		{"of another version, whose fields may be others", "central", "{apiVersion: apps/v1beta1, kind: Deployment, metadata: {namespace: other, name: front}}", "has not published it yet"},
		{"of another kind", "central", "{apiVersion: apps/v1, kind: DaemonSet, metadata: {namespace: other, name: front}}", "has not published it yet"},
		{"a status that was written in another region", "east", "{apiVersion: apps/v1, kind: Deployment, metadata: {namespace: other, name: front}}", "has not published it yet"},
	} {
		p := propagation(t, whereAs+source)
		s := &State{Propagation: p, Region: "west", Target: Seen{Ref: Target(p)}, Others: []Other{{
			Region: "central", Ready: true, Status: &api.PropagationStatus{Region: c.region, Source: &api.PublishedSource{Template: object(t, c.published).Object}},
		}}}
		if found := s.FindOrigin(); found != nil {
			t.Errorf("%s: a region that isn't the source's publishes %+v", c.why, found)
		}
		switch {
		case c.want == "" && (s.Origin.Problem != nil || s.Origin.Template == nil):
			t.Errorf("%s: %+v", c.why, s.Origin)
		case c.want != "" && (s.Origin.Problem == nil || !strings.Contains(s.Origin.Problem.Message, c.want)):
			t.Errorf("%s: %+v", c.why, s.Origin)
		}
	}
}
