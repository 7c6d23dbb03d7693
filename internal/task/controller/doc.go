// Package controller carries out CassandraTasks: it observes, lets package task decide, applies and reports. It decides
// nothing itself.
// Start reading at Reconcile.
package controller
