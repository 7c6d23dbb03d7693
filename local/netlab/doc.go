// Package netlab is the data plane of the embedded cloud: network namespaces,
// veth links, routes, packet filters and address translation of one machine's
// kernel, reached over netlink only (no ip, nft or iptables program is run).
//
// Every edge is a veth pair and a /32 route, so that all forwarding is plain IP
// routing and every packet passes the filters of its router; there is no bridge,
// because bridges have no connection tracking in many kernels:
//
//	pod ── node ── router ═══ router ── node ── pod
//	                  └── control plane
//
// Addresses are routed, never translated, unless Masquerade asks for it.
//
// Join connects two namespaces; Attach puts a leaf below a router; SetHops and
// SetPolicies are a router's tables; Filter replaces one of its packet filters at
// once, and Drop the one that comes before all others. It must run in network and
// mount namespaces of its own: it never touches the host's.
package netlab
