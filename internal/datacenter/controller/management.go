package controller

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/ringspan/ringspan/internal/certificates"
	"github.com/ringspan/ringspan/internal/datacenter"
)

// managementAge is how old what is known of our own Secrets may be while nothing
// is due: passes come twice a second, certificates end in months.
const managementAge = 10 * time.Second

// observeManagement reads the Secrets that secure the agents' API: our own, and
// those that the spec names.
func (r *Reconciler) observeManagement(ctx context.Context, s *datacenter.State, m *memory) error {
	if s.NeedsCertificates() {
		if err := r.observeCertificates(ctx, s, m); err != nil {
			return err
		}
	}
	manual := s.DC.Spec.ManagementApiAuth.Manual
	if manual == nil || manual.SkipSecretValidation {
		return nil
	}
	agents, err := r.secretIn(ctx, s, manual.ServerSecretName)
	if err != nil {
		return err
	}
	own, err := r.secretIn(ctx, s, manual.ClientSecretName)
	if err != nil {
		return err
	}
	s.Management.Error = datacenter.CheckManual(s, own, agents)
	return nil
}

// observeCertificates reads our own Secrets, unless they were read and valid a moment ago.
func (r *Reconciler) observeCertificates(ctx context.Context, s *datacenter.State, m *memory) error {
	known := m.certificates[certificates.Authority]
	if known != nil && metav1.IsControlledBy(known, s.DC) && s.Now.Sub(m.certified).Abs() < managementAge {
		s.Management.Secrets = maps.Clone(m.certificates)
		return nil
	}
	s.Management.Secrets = map[certificates.Kind]*corev1.Secret{}
	for _, kind := range certificates.Kinds() {
		secret, err := r.secretIn(ctx, s, s.ManagementSecret(kind))
		switch {
		case err != nil:
			return err
		case secret == nil:
		case !metav1.IsControlledBy(secret, s.DC):
			s.Management.Foreign = fmt.Sprintf("Secret %s is not this datacenter's own: delete it or give it another name, so that the management API's certificates can be made", secret.Name)
		default:
			s.Management.Secrets[kind] = secret
		}
	}
	m.certified, m.certificates = time.Time{}, nil
	if s.Certified() {
		m.certified, m.certificates = s.Now, maps.Clone(s.Management.Secrets)
	}
	return nil
}

// trustError says what is wrong with the certificates, if that is why an agent does
// not answer; an agent that isn't there yet has nothing wrong.
func trustError(err error) string {
	var api apierrors.APIStatus
	var remote *net.OpError
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &api):
		return fmt.Sprintf(" (%s)", api.Status().Message)
	case errors.As(err, &remote) && remote.Op == "remote error":
		return fmt.Sprintf(" (it refuses the operator's certificate: %v)", remote.Err)
	case errors.As(err, &unknown), errors.As(err, &invalid):
		return " (its certificate is not of the datacenter's authority, or has ended)"
	}
	return ""
}

// secretIn reads a Secret of the datacenter's namespace; nil when there is none.
func (r *Reconciler) secretIn(ctx context.Context, s *datacenter.State, name string) (*corev1.Secret, error) {
	secret := &corev1.Secret{}
	err := r.Client.Get(ctx, client.ObjectKey{Namespace: s.DC.Namespace, Name: name}, secret)
	if err != nil {
		return nil, client.IgnoreNotFound(err)
	}
	return secret, nil
}

// certify writes one Secret with a certificate that is due, and notes it for those
// that depend on it. What somebody else has changed meanwhile is not overwritten.
func (r *Reconciler) certify(ctx context.Context, s *datacenter.State, kind certificates.Kind) error {
	secret, err := s.Certificate(kind)
	if err != nil {
		return err
	}
	if err := controllerutil.SetControllerReference(s.DC, secret, r.Client.Scheme()); err != nil {
		return err
	}
	write := func() error { return r.Client.Update(ctx, secret) } // refused when it isn't the one that was read
	if secret.ResourceVersion == "" {
		write = func() error { return r.Client.Create(ctx, secret) }
	}
	if err := write(); err != nil {
		return err
	}
	s.Management.Secrets[kind] = secret
	return nil
}
