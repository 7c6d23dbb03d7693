// Package ring turns a K8ssandraCluster into the CassandraDatacenters of one
// region and says how the ring does. It is pure: Build makes the datacenter,
// Topology the ring that its tokens and seeds come from, NotActedOn names what
// has no effect. The loop, which also follows the other regions, is in
// ring/controller.
package ring
