// Package existing is a provider of clusters that are there already: the regions of
// a fleet are contexts of a kubeconfig. It observes the clusters, and makes and
// deletes nothing: every plan for them is empty.
//
// Start reading at Provider.
package existing
