// Package eks answers Amazon EKS: clusters, node groups, add-ons, access
// entries, pod identity associations, and the updates that change them.
//
// A method of API is a call. Behind it stand two others: EC2, where a cluster
// has its security group, its control plane's interfaces and its machines; and
// plane.Clusters, which runs real control planes and kubelets. What the records
// want of the plane is computed each time (wanted.go), and a Keeper changes the
// plane until it has that; a cloud without a plane says ACTIVE after a delay.
//
// Start reading at Service; cluster.go is the first of the kinds.
package eks
