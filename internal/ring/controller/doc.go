// Package controller is the loop around package ring in one region. Package
// federation/controller agrees with the other regions on the ring's copy; then
// this one observes, has package ring plan and summarize, applies and reports. It
// decides nothing itself. A peer that is away changes only what is shown of it.
// Start reading at Reconcile.
package controller
