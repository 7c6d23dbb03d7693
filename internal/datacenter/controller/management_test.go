package controller_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/certificates"
)

const managementPrefix = "ring-dc1-management-"

func (s *stage) readSecret(name string) *corev1.Secret {
	s.t.Helper()
	secret := &corev1.Secret{}
	s.must(s.admin.Get(s.t.Context(), client.ObjectKey{Namespace: s.ns, Name: name}, secret))
	return secret
}

// managementVersions are the Secrets as they were last written.
func (s *stage) managementVersions() map[certificates.Kind]string {
	s.t.Helper()
	all := map[certificates.Kind]string{}
	for _, kind := range certificates.Kinds() {
		all[kind] = s.readSecret(managementPrefix + string(kind)).ResourceVersion
	}
	return all
}

// renewed names the kinds that were written since.
func (s *stage) renewed(since map[certificates.Kind]string) (kinds []certificates.Kind) {
	s.t.Helper()
	now := s.managementVersions()
	for _, kind := range certificates.Kinds() {
		if now[kind] != since[kind] {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

func (s *stage) deleteSecret(kind certificates.Kind) {
	s.t.Helper()
	s.must(s.admin.Delete(s.t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: managementPrefix + string(kind)}}))
}

// fit says whether operator and agents get on with what is in the Secrets.
func (s *stage) fit() error {
	read := func(kind certificates.Kind) certificates.Bundle {
		return certificates.FromData(s.readSecret(managementPrefix + string(kind)).Data)
	}
	return certificates.Fit(s.clock, read(certificates.Client), read(certificates.Server))
}

func TestCertificatesAreMadeAndRenewed(t *testing.T) {
	s := newStage(t)
	s.secret("admin", map[string]string{"username": "admin", "password": "secret"})
	s.create(func(dc *api.CassandraDatacenter) { dc.Spec.SuperuserSecretName = "admin" })
	s.settle()
	s.must(s.fit())
	for _, kind := range certificates.Kinds() {
		secret := s.readSecret(managementPrefix + string(kind))
		if !metav1.IsControlledBy(secret, s.dc()) || !slices.Equal(slices.Sorted(maps.Keys(secret.Data)), []string{"ca.crt", "tls.crt", "tls.key"}) {
			t.Errorf("%s: owners %v, keys %v", secret.Name, secret.OwnerReferences, slices.Sorted(maps.Keys(secret.Data)))
		}
	}
	before, pods := s.managementVersions(), s.uids()
	s.newOperator()
	s.rounds(5)
	if again := s.renewed(before); len(again) > 0 {
		t.Errorf("a new operator makes %v anew", again)
	}
	for _, test := range []struct {
		why    string
		change func()
		want   []certificates.Kind
	}{
		{"somebody deletes the agents'", func() { s.deleteSecret(certificates.Server) }, []certificates.Kind{certificates.Server}},
		{"two months later", func() { s.clock = s.clock.Add(61 * 24 * time.Hour) }, []certificates.Kind{certificates.Client, certificates.Server}},
		{"eight years later", func() { s.clock = s.clock.Add(certificates.AuthorityLife - certificates.AuthorityLeft) }, certificates.Kinds()},
		{"somebody deletes the authority", func() { s.deleteSecret(certificates.Authority) }, certificates.Kinds()},
	} {
		since := s.managementVersions()
		test.change()
		s.clock = s.clock.Add(time.Minute) // it is looked every few seconds
		s.settle()
		if got := s.renewed(since); !slices.Equal(got, test.want) {
			t.Errorf("%s: %v are made, want %v", test.why, got, test.want)
		}
		if err := s.fit(); err != nil {
			t.Errorf("%s: %v", test.why, err)
		}
	}
	if after := s.uids(); !maps.Equal(after, pods) {
		t.Errorf("pods were touched: %v, before %v", after, pods)
	}
}

func TestASecretOfSomebodyElsesIsNotOverwritten(t *testing.T) {
	s := newStage(t)
	s.secret(managementPrefix+"server", map[string]string{"mine": "x"})
	s.create(nil)
	s.rounds(5)
	if c := s.dc().Status.Condition(api.DatacenterValid); c == nil || c.Status != corev1.ConditionFalse || !strings.Contains(c.Message, managementPrefix+"server is not this datacenter's own") {
		t.Errorf("%+v", c)
	}
	if len(s.nodes) > 0 {
		t.Errorf("%d pods were made, with somebody else's certificates", len(s.nodes))
	}
	if secret := s.readSecret(managementPrefix + "server"); string(secret.Data["mine"]) != "x" || len(secret.Data) != 1 || len(secret.OwnerReferences) > 0 {
		t.Errorf("the Secret is now %+v", secret)
	}
	s.deleteSecret(certificates.Server)
	s.settle()
	s.must(s.fit())
	if len(s.nodes) != 3 {
		t.Errorf("%d nodes", len(s.nodes))
	}
}

func TestTheUsersOwnCertificates(t *testing.T) {
	s := newStage(t)
	s.create(func(dc *api.CassandraDatacenter) {
		dc.Spec.ManagementApiAuth.Manual = &api.ManagementApiAuthManualConfig{ClientSecretName: "mine", ServerSecretName: "theirs"}
	})
	s.rounds(3)
	if c := s.dc().Status.Condition(api.DatacenterValid); c == nil || c.Status != corev1.ConditionFalse || !strings.Contains(c.Message, "spec.managementApiAuth.manual") {
		t.Errorf("without the Secrets: %+v", c)
	}
	set, err := certificates.Renew(s.clock, "x", nil)
	s.must(err)
	for name, b := range map[string]certificates.Bundle{"mine": set[certificates.Client], "theirs": set[certificates.Server]} {
		s.must(s.admin.Create(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: name}, Data: b.Data()}))
	}
	s.settle()
	if c := s.dc().Status.Condition(api.DatacenterValid); c == nil || c.Status != corev1.ConditionTrue {
		t.Errorf("with the Secrets: %+v", c)
	}
	if c := s.dc().Status.Condition(api.DatacenterFieldsNotActedOn); c != nil {
		t.Errorf("%+v", c)
	}
	err = s.admin.Get(t.Context(), client.ObjectKey{Namespace: s.ns, Name: managementPrefix + "authority"}, &corev1.Secret{})
	if !apierrors.IsNotFound(err) {
		t.Errorf("an authority of our own was made beside the user's: %v", err)
	}
	volume := s.pod("ring-dc1-r1-sts-0").Spec.Volumes
	if !slices.ContainsFunc(volume, func(v corev1.Volume) bool { return v.Secret != nil && v.Secret.SecretName == "theirs" }) {
		t.Errorf("%+v", volume)
	}
}
