// Package cni reads the configuration of EKS's add-on vpc-cni and says what it
// means for a node: whether packets of its pods are rewritten, and how large
// they may be. It touches no node. Start reading at Parse.
package cni
