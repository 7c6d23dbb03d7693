// Package kubetest starts a real etcd and a real API server for tests: the project's own build of them, with the
// CustomResourceDefinitions, permissions and admission policies that are shipped. There are no controllers (nothing
// makes pods from a StatefulSet, nothing collects garbage) and no nodes; tests play those parts. Several regions are
// several clusters (Region, Regions), with ways between them that can be cut (Link).
//
// Tests of controllers run as the operator's ServiceAccount (Cluster.Operator), so that a missing permission fails them.
// Start reading in cluster.go.
package kubetest
