// Package ec2 answers the networking and compute calls of Amazon EC2: VPCs and
// all that is in them, peering between regions, and the instances, launch
// templates and images that clusters' nodes and jump hosts need.
//
// A method of API is a call. Most records are the API reference's own shapes
// (Vpc, Subnet) with a few fields beside that the wire doesn't show; what
// follows from other records (a route's state, a group's permissions) is
// worked out when it is asked for. Deletions refuse as AWS does while anything
// depends on the resource.
//
// The package moves no packets: Topology says what the records mean for them.
// It runs no machines. Start reading at Service; vpc.go is the simplest kind.
package ec2
