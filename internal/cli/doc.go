// Package cli is the ringspan command: one file a verb. It reads files and
// flags, drives fleets and Kubernetes clients, and prints; what it decides is
// decided in the pure packages (fleet, ringstatus). It never writes to a
// cluster but in `up`, and never prints a secret. Start reading at newRoot.
package cli
