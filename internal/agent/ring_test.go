package agent

import "testing"

// Java writes all zeros of an IPv6 address, Kubernetes none; the operator compares what both say.
func TestAddressesAreWrittenAsKubernetesDoes(t *testing.T) {
	for said, want := range map[string]string{
		"10.0.0.1": "10.0.0.1", "fd00:0:0:0:0:0:0:1": "fd00::1", "fd00::1": "fd00::1", "FD00:0:0:21:0:0:0:20": "fd00:0:0:21::20", "": "", "node": "node",
	} {
		if got := canonical(said); got != want {
			t.Errorf("%q is %q, want %q", said, got, want)
		}
	}
}
