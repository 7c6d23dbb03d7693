// Package cri is a node's container runtime: it implements the Kubernetes
// container runtime interface with plain processes in namespaces of their own,
// and images that are directories of this machine (image.json).
//
// One Runtime serves one node over a unix socket to a real kubelet. The
// runtimes of all nodes live in the lab's supervisor, so that a kubelet's death
// leaves its containers running, as on a real node; the supervisor's death
// takes all containers with it. There are no cgroups: limits are accepted and
// not enforced.
//
// Start reading at New (sandbox.go); server.go is the gRPC surface.
package cri
