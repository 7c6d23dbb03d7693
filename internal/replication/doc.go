// Package replication copies Secrets between regions as ReplicatedSecrets say, by pulling: the region that has a
// ReplicatedSecret publishes in its status which Secrets are chosen and lets the other regions' operators read just
// those; each target's operator fetches them and keeps its copies like them. Nobody writes to another region.
//
//   - A copy follows its original within seconds, while the original's region answers.
//   - A copy goes when its ReplicatedSecret goes, or no longer has a target in that place. One with K8ssandra's annotation
//     replicatedresource.k8ssandra.io/orphan stays. An original that goes leaves its copies.
//   - A Secret that is there and is no copy of the same ReplicatedSecret is never overwritten.
//   - Copies are not copied on, whatever a selector says.
//
// This package is pure; the loop is in replication/controller. Start reading at copy.go.
package replication
