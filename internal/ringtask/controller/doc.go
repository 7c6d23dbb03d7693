// Package controller is the loop around package ringtask in one region: federation/controller agrees with the other regions
// on the task's copy, this one makes the CassandraTasks of the region's datacenters and reports. Start reading at Reconcile.
package controller
