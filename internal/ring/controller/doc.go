// Package controller is the loop around package ring in one region: it follows
// the other regions (peers.go), agrees with them on the ring's revision, keeps
// this region's CassandraDatacenters and what they share, and reports. A peer
// that is away changes only what is shown of it. Start reading at Reconcile.
package controller
