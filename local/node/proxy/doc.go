// Package proxy makes ClusterIP services work: it watches the Services and
// EndpointSlices of one cluster and keeps an nftables table in the network
// namespace of every node that translates service addresses to pod addresses.
// It replaces kube-proxy: one watcher for all nodes of a cluster, and no
// nft program.
//
// Rules (rules.go) is pure; Run (run.go) is the loop.
package proxy
