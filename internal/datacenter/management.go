package datacenter

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/ringspan/ringspan/internal/certificates"
	"github.com/ringspan/ringspan/internal/plan"
)

// Paths and names of the management API's certificates in a pod: cass-operator's.
const (
	certificatesVolume = "management-api-server-certs-volume"
	certificatesPath   = "/management-api-certs"
)

// Variables of the Cassandra container that say how its agent is reached. They can't be
// changed in a running pod, so they show how the pod was made.
const (
	tlsVariable    = "MGMT_API_TLS_CERT_FILE"
	clientVariable = "MGMT_API_CLIENT_SECRET" // the Secret with the operator's certificate
	probeVariable  = "MGMT_API_PROBE_PORT"
)

// Certify writes a certificate into one of this operator's Secrets.
const Certify plan.Verb = "issue certificate"

// Management is what secures the agents' API.
type Management struct {
	Secrets map[certificates.Kind]*corev1.Secret // those that this operator makes
	Foreign string                               // says which Secret of our names has another owner
	Error   string                               // why the Secrets of spec.managementApiAuth.manual can't be used
}

// certificates are the contents of our own Secrets.
func (m Management) certificates() certificates.Set {
	all := certificates.Set{}
	for kind, secret := range m.Secrets {
		all[kind] = certificates.FromData(secret.Data)
	}
	return all
}

// Insecure tells whether the spec asks for an API without authentication.
func (s *State) Insecure() bool {
	return s.DC.Spec.ManagementApiAuth.Insecure != nil && s.DC.Spec.ManagementApiAuth.Manual == nil
}

// OwnCertificates tells whether this operator makes the certificates.
func (s *State) OwnCertificates() bool {
	return !s.Insecure() && s.DC.Spec.ManagementApiAuth.Manual == nil
}

// ManagementSecret names one of the Secrets that this operator makes.
func (s *State) ManagementSecret(kind certificates.Kind) string {
	return s.names().ManagementSecret(string(kind))
}

// managementSecrets are those that new pods are made with: the operator's, and
// the agents'. Insecure pods have none.
func (s *State) managementSecrets() (client, server string) {
	switch manual := s.DC.Spec.ManagementApiAuth.Manual; {
	case manual != nil:
		return manual.ClientSecretName, manual.ServerSecretName
	case s.Insecure():
		return "", ""
	}
	return s.ManagementSecret(certificates.Client), s.ManagementSecret(certificates.Server)
}

// secure gives a pod its server certificate, and probes a port of their own:
// a kubelet has no client certificate.
func (s *State) secure(pod *corev1.PodSpec) {
	client, server := s.managementSecrets()
	if server == "" {
		return
	}
	pod.Volumes = append(pod.Volumes, corev1.Volume{Name: certificatesVolume, VolumeSource: corev1.VolumeSource{
		Secret: &corev1.SecretVolumeSource{SecretName: server}}})
	c := &pod.Containers[0]
	c.VolumeMounts = append(c.VolumeMounts, corev1.VolumeMount{Name: certificatesVolume, MountPath: certificatesPath, ReadOnly: true})
	c.Env = append(c.Env,
		env("MGMT_API_TLS_CA_CERT_FILE", certificatesPath+"/"+certificates.AuthorityKey),
		env(tlsVariable, certificatesPath+"/"+certificates.CertificateKey),
		env("MGMT_API_TLS_KEY_FILE", certificatesPath+"/"+certificates.PrivateKey),
		env(clientVariable, client), env(probeVariable, strconv.Itoa(portProbes)))
	c.Ports = append(c.Ports, port("mgmt-api-probes", portProbes))
	for _, p := range []*corev1.Probe{c.LivenessProbe, c.ReadinessProbe} {
		p.HTTPGet.Port = intOf(portProbes)
	}
}

// AgentAccess tells how a pod's agent is reached, from what the pod was made with: with
// which Secret's certificate, or without TLS.
func AgentAccess(pod *corev1.Pod) (clientSecret string, secure bool) {
	for _, c := range pod.Spec.Containers {
		if c.Name != "cassandra" {
			continue
		}
		for _, e := range c.Env {
			switch e.Name {
			case clientVariable:
				clientSecret = e.Value
			case tlsVariable:
				secure = e.Value != ""
			}
		}
	}
	return clientSecret, secure || clientSecret != ""
}

// planManagement plans the certificates of the agents' API. It tells whether the rest of the
// plan has to wait: before the first boot no pods can be made without certificates, while
// pods that run go on.
func (s *State) planManagement(p *Plan) (blocked bool) {
	blocker := s.planCertificates(p)
	p.Secret = or(p.Secret, or(blocker, s.Management.Error))
	if blocker == "" || s.initialized() {
		return false
	}
	p.Wait("%s", blocker)
	return true
}

// planCertificates makes and renews what this operator's own pods need, before
// those pods. It says why it can't.
func (s *State) planCertificates(p *Plan) (blocker string) {
	if !s.NeedsCertificates() {
		return ""
	}
	if s.Management.Foreign != "" {
		return s.Management.Foreign
	}
	for _, due := range certificates.Due(s.Now, s.Management.certificates()) {
		p.add(Certify, s.ManagementSecret(due.Kind), due.Why, Step{Kind: due.Kind})
	}
	return ""
}

// NeedsCertificates tells whether pods have certificates that this operator makes,
// or will have.
func (s *State) NeedsCertificates() bool { return s.OwnCertificates() || s.usesOwn() }

// Certified tells whether all certificates are there and none is due.
func (s *State) Certified() bool {
	return s.Management.Foreign == "" && len(certificates.Due(s.Now, s.Management.certificates())) == 0
}

// Certificate is the Secret of a kind with what is due: the one that was read, or a
// new one. Nothing is signed by an authority that isn't written yet.
func (s *State) Certificate(kind certificates.Kind) (*corev1.Secret, error) {
	changed, err := certificates.Renew(s.Now, s.DC.Spec.ClusterName+"/"+s.name(), s.Management.certificates())
	if err != nil {
		return nil, err
	}
	if _, waits := changed[certificates.Authority]; waits && kind != certificates.Authority {
		return nil, errNoAuthority
	}
	secret := &corev1.Secret{TypeMeta: secretType, ObjectMeta: s.meta(s.ManagementSecret(kind)), Type: corev1.SecretTypeOpaque}
	if old := s.Management.Secrets[kind]; old != nil {
		secret = old.DeepCopy()
	}
	if bundle, due := changed[kind]; due {
		secret.Data = bundle.Data()
	}
	return secret, nil
}

var errNoAuthority = errors.New("the authority's own Secret has to be written first")

// usesOwn tells whether a pod still has certificates of ours, although the spec
// no longer asks for them.
func (s *State) usesOwn() bool {
	for i := range s.Pods {
		if s.Pods[i].Client == s.ManagementSecret(certificates.Client) {
			return true
		}
	}
	return false
}

// exposed says what can be reached without authentication; empty when nothing can.
func (s *State) exposed() string {
	return strings.Join(slices.DeleteFunc([]string{s.openAPI(), s.openJMX()}, func(why string) bool { return why == "" }), "; ")
}

// openAPI says whose management API needs no authentication; empty when each does.
func (s *State) openAPI() string {
	if s.Insecure() {
		return fmt.Sprintf("spec.managementApiAuth.insecure: whoever reaches port %d of a node can do everything to it, without a login", s.managementPort())
	}
	var open []string
	for i := range s.Pods {
		if !s.Pods[i].Secure {
			open = append(open, s.Pods[i].Name)
		}
	}
	if len(open) == 0 {
		return ""
	}
	return fmt.Sprintf("whoever reaches port %d of %s can do everything to them, without a login; an update, once allowed, makes them ask for a certificate", s.managementPort(), strings.Join(clipped(open, 3), ", "))
}

// CheckManual says why Secrets that the spec names don't do.
func CheckManual(s *State, client, server *corev1.Secret) string {
	const field = "spec.managementApiAuth.manual"
	for name, secret := range map[string]*corev1.Secret{"clientSecretName": client, "serverSecretName": server} {
		if secret == nil {
			return fmt.Sprintf("%s.%s: that Secret does not exist in namespace %s", field, name, s.DC.Namespace)
		}
	}
	if err := certificates.Fit(s.Now, certificates.FromData(client.Data), certificates.FromData(server.Data)); err != nil {
		return fmt.Sprintf("%s: Secrets %s and %s: %v", field, client.Name, server.Name, err)
	}
	return ""
}
