// Package lab gives resources of the embedded AWS API a body: real packets in
// network namespaces of this machine. It implements plane.Networks on top of
// netlab and must run in network and mount namespaces of its own.
//
//	         internet
//	        /        \            a VPC is a router namespace;
//	  VPC router ══ VPC router    an interface, a NAT gateway and the
//	  /    |    \       |         internet are namespaces beside it
//	eni   eni   nat    eni
//
// A router's main table holds what is inside the VPC. What it doesn't hold is
// looked up in the table of the subnet that the packet came from, so packets
// from a peering or from the internet find their way in and nowhere else: a
// peering is not transitive. Groups and access lists are one nftables table a
// router. Everything is made equal to a plane.Topology again and again; nothing
// is remembered but what was applied last.
//
// Start reading at Networks.Apply. What it should do to a packet is said, as a
// pure function, by plane.Reach.
package lab
