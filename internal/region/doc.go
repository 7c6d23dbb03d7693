// Package region is how a program outside reaches a region: its API server, its
// Cassandra pods, a port of one of them and the agent of a node. It makes
// connections and lists; what the answers mean is decided elsewhere (ringview).
// It opens no port of this machine. Start reading at Region.
package region
