package datacenter_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	corev1 "k8s.io/api/core/v1"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/certificates"
	"github.com/ringspan/ringspan/internal/datacenter"
)

// certify writes the Secret of a step.
func (r *region) certify(s *datacenter.State, kind certificates.Kind) error {
	secret, err := s.Certificate(kind)
	if err != nil {
		return err
	}
	secret.ResourceVersion = "1"
	if r.issued.Secrets == nil {
		r.issued.Secrets = map[certificates.Kind]*corev1.Secret{}
	}
	r.issued.Secrets[kind], s.Management.Secrets = secret, r.issued.Secrets
	return nil
}

// managementHappens are what users ask for, and what happens, about the management API's security.
func (r *region) managementHappens(t *testing.T, d *datadriven.TestData) string {
	switch d.Cmd {
	case "later":
		var days, minutes int
		d.MaybeScanArgs(t, "days", &days)
		d.MaybeScanArgs(t, "minutes", &minutes)
		r.world.now = r.world.now.Add(time.Duration(days)*24*time.Hour + time.Duration(minutes)*time.Minute)
	case "agents":
		r.world.quiet = false
		return r.agents()
	case "former-version":
		r.former()
	case "foreign-secret":
		r.issued.Foreign = ""
		if d.HasArg("name") {
			r.issued.Foreign = "Secret multi-region-dc1-management-server is not this datacenter's own"
		}
	case "management":
		r.dc.Spec.ManagementApiAuth = api.ManagementApiAuthConfig{}
		if d.HasArg("insecure") {
			r.dc.Spec.ManagementApiAuth.Insecure = &api.ManagementApiAuthInsecureConfig{}
		}
		if d.HasArg("manual") {
			r.dc.Spec.ManagementApiAuth.Manual = &api.ManagementApiAuthManualConfig{ClientSecretName: "given-client", ServerSecretName: "given-server"}
		}
		r.dc.Generation++
	}
	return ""
}

// agents tells how the operator reaches each pod's agent, and what is in the Secrets.
func (r *region) agents() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(r.pods)) {
		client, secure := datacenter.AgentAccess(r.pods[name])
		probes := r.pods[name].Spec.Containers[0].ReadinessProbe.HTTPGet.Port.String()
		fmt.Fprintf(&b, "%s: TLS %t, as %q, probes at %s\n", strings.TrimPrefix(name, "multi-region-"), secure, strings.TrimPrefix(client, "multi-region-"), probes)
	}
	for _, kind := range certificates.Kinds() {
		if secret := r.issued.Secrets[kind]; secret != nil {
			fmt.Fprintf(&b, "%s\n", secret.Name)
		}
	}
	return b.String()
}

// former makes of the ring one that the version before made: its pods know
// nothing of certificates, and its sets are signed accordingly.
func (r *region) former() {
	plain := func(spec *corev1.PodSpec) {
		spec.Volumes = slices.DeleteFunc(spec.Volumes, func(v corev1.Volume) bool { return strings.HasPrefix(v.Name, "management-api") })
		c := &spec.Containers[0]
		c.Env = slices.DeleteFunc(c.Env, func(e corev1.EnvVar) bool {
			return strings.HasPrefix(e.Name, "MGMT_API_TLS") || e.Name == "MGMT_API_CLIENT_SECRET" || e.Name == "MGMT_API_PROBE_PORT" || e.Name == "CASSANDRA_INCLUDE"
		})
		for _, p := range []*corev1.Probe{c.LivenessProbe, c.ReadinessProbe} {
			p.HTTPGet.Port.IntVal = 8080
		}
	}
	for _, set := range r.sets {
		plain(&set.Spec.Template.Spec)
		set.Annotations["ringspan.io/template-hash"] = "of the former version"
		set.Status.UpdateRevision = revision(set.Spec.Template)
	}
	for name, pod := range r.pods {
		plain(&pod.Spec)
		for _, set := range r.sets {
			if _, ok := ordinal(name, set.Name); ok {
				pod.Labels["controller-revision-hash"] = set.Status.UpdateRevision
			}
		}
	}
	r.issued = datacenter.Management{}
}
