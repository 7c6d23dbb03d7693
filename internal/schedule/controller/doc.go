// Package controller makes the CassandraTasks of ScheduledTasks: it observes, lets package schedule decide, applies and
// reports. It decides nothing itself. Start reading at Reconcile.
package controller
