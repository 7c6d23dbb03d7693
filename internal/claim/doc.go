// Package claim keeps the volumes of datacenters: a finalizer on their claims outlasts the deletion of a namespace, until
// the datacenter's deletion was agreed on or a person says that the data may go. Who deletes one claim as such, in a
// namespace that stays, gets that.
//
// It deletes no claim but those that were kept for a time which is over (kept.go). Start reading at Reconcile.
package claim
