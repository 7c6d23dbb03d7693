// Package netlab is the data plane of the embedded cloud: network namespaces,
// veth links, routes, packet filters and address translation of one machine's
// kernel, reached over netlink only (no ip, nft or iptables program is run).
//
// The network is a tree. Every edge is a veth pair and a /32 route, so that all
// forwarding is plain IP routing and every packet passes the filters of its
// network's router; there is no bridge, because bridges have no connection
// tracking in many kernels:
//
//	pod ── node ── network ═link═ network ── node ── pod
//	               └── control plane
//
// Addresses are routed, never translated, unless Masquerade asks for it.
//
// A Network is a router with an address range; Attach gives a leaf namespace an
// address in it; Link joins two networks; SetRules replaces the packet filter
// of a router at once. It must run in network and mount namespaces of its own:
// it never touches the host's.
package netlab
