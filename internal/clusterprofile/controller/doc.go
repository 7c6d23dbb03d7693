// Package controller publishes the regions of the fleet as ClusterProfiles, in the cluster of its region, where their
// definition is installed: it reads what the region's peers are like and what is published, and does what package
// clusterprofile decides. Without the definition it does nothing.
//
// Start reading at Reconcile.
package controller
