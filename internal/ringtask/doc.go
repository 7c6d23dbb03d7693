// Package ringtask decides about K8ssandraTasks: tasks for several datacenters of a ring, wherever these are.
//
// A K8ssandraTask is a shared object (package federation): it is applied in any region and copied into the others. Each
// region's operator makes a CassandraTask for each of the task's datacenters that is in its region, its part, when it is
// that datacenter's turn; package task carries those out. What the others have done is read from the datacenters that their
// own copies' status lists.
//
// The package is pure. It owns which parts are made and what the status says; it never runs a command on a node. Start
// reading at Make.
package ringtask
