// Package clusterprofile says how the fleet's regions look as ClusterProfiles (multicluster.x-k8s.io, KEP-4322), which
// programs that place things on many clusters read: one for each region, in the operator's namespace of each cluster that has
// that definition. It is pure: what is wanted (Wanted), and what is to be done about what is there (Plan). Package
// clusterprofile/controller carries that out.
//
// A profile of somebody else's is never written nor deleted. How a cluster is reached, and with which credentials, is not
// published: Ringspan gives no access away.
//
// Start reading at Plan.
package clusterprofile
