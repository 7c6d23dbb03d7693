// Package controller is the loop around package datacenter: it observes, plans,
// carries the plan out and reports. It decides nothing. Start reading at
// Reconcile.
package controller
