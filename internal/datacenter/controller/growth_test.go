package controller_test

import (
	"slices"
	"strings"
	"testing"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
)

// A datacenter grows a replica at a time, and the operator that ends in between
// leaves nothing undone.
func TestGrowth(t *testing.T) {
	s := newStage(t)
	s.secret("admin", map[string]string{"username": "admin", "password": "secret"})
	s.create(func(dc *api.CassandraDatacenter) {
		dc.Spec.SuperuserSecretName, dc.Spec.Size, dc.Spec.Racks = "admin", 1, []api.Rack{{Name: "r1"}}
	})
	s.settle()
	s.change(func(dc *api.CassandraDatacenter) { dc.Spec.Size = 3 })
	for range 60 {
		s.newOperator()
		s.rounds(2)
		for name, n := range s.nodes {
			if status, err := n.Status(t.Context()); err == nil && status.NativeTransport && !n.LoginAtQuorum("admin", "secret") {
				t.Fatalf("no login at %s: %+v", name, s.dc().Status.Conditions)
			}
		}
	}
	s.settle()
	if record, want := s.dc().Annotations[api.FilledAnnotation], `{"system_auth":{"dc1":3},"system_distributed":{"dc1":3},"system_traces":{"dc1":3}}`; record != want {
		t.Errorf("on record as filled: %s", record)
	}
	for name, n := range s.nodes {
		if n.Lacks("admin") {
			t.Errorf("a replica of %s may lack the superuser", name)
		}
	}
	repairs := slices.DeleteFunc(s.ring.Writes(), func(w string) bool { return !strings.HasSuffix(w, "repair system_auth") })
	if len(repairs) < 2 {
		t.Errorf("repairs: %v", repairs)
	}
}
