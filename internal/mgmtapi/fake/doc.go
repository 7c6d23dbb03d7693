// Package fake is a Cassandra ring in memory, for the tests of whoever drives
// nodes through package mgmtapi. It keeps state and knows the rules that a
// controller can break: a node without a living seed does not start, two nodes
// with one token don't, nodes that never heard of each other are two rings, a
// replication map may only name datacenters that gossip knows, and a role is
// readable only where system_auth has replicas that hold it.
//
// Nothing happens by itself: Start only asks, and Ring.Advance lets everything
// that is under way finish (Ring.Auto does it at each Status). Conform is the
// test that this fake and the real agent both pass. Start reading at ring.go.
package fake
