// Package controller is the loop around package replication. Each pass looks at everything there is, which is little: the
// region's own ReplicatedSecrets (source.go), those of the peers that have targets here (target.go), and copies that
// nobody asks for any more. It comes every few seconds and when a peer has news: Secrets are not watched, since a cache
// of all of a cluster's Secrets is more memory than the operator has. Start reading at Reconcile.
package controller
