// Package inventory is which fleets this machine knows, on it and elsewhere, and how
// each is reached: its account, its regions, its kubeconfig. It makes and deletes
// nothing of a fleet; lifecycle does. Start reading at Fleet.
package inventory
