// Package controller carries out CassandraTasks: it observes, lets package task decide, applies and reports. It decides
// nothing itself. ScheduledTasks are only told that this version does not act on them.
// Start reading at Reconcile.
package controller
