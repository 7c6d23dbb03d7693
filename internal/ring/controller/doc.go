// Package controller is the loop around package ring in one region. Package
// federation/controller agrees with the other regions on the ring's copy; this
// one keeps the region's CassandraDatacenters and what they share, and reports.
// A peer that is away changes only what is shown of it. Start reading at
// Reconcile.
package controller
