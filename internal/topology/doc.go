// Package topology holds what a ring is, apart from any API: its datacenters,
// racks and nodes, which tokens and seeds they get, and the arithmetic of
// replication. It is pure. Start reading at Ring.
package topology
