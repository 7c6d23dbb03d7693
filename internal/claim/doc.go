// Package claim keeps the volumes of datacenters: a finalizer on their claims outlasts the deletion of a namespace, until
// the datacenter's deletion was agreed on or a person says that the data may go. Who deletes one claim as such, in a
// namespace that stays, gets that.
//
// It never deletes a claim. Start reading at Reconcile.
package claim
