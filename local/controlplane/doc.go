// Package controlplane says how one region's Kubernetes control plane is run:
// its certificates and identities (pki.go, identities.go), the command lines of
// its processes (processes.go) and what every cluster offers from the start
// (defaults.go). It starts nothing itself; package cloud does.
package controlplane
