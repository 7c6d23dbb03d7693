// Package controlplane says how one Kubernetes control plane is run: its
// certificates and identities (pki.go, identities.go), the command lines of its
// processes (processes.go) and what its name server may see (dns.go). It starts
// nothing itself; package cloud does.
package controlplane
