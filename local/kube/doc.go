// Package kube is what the ringspan-kube binary links: the real Kubernetes
// components, etcd, CoreDNS and kubectl, each started as a process of its own.
//
// It contains no behaviour of Ringspan's except the kubelet's set-up
// (kubelet.go), which leaves out what needs cgroups. It is the only package
// that links k8s.io/kubernetes, so that the slow build is done once per
// version and everything else links in seconds. Start reading at Run.
package kube
