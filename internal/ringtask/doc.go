// Package ringtask decides about K8ssandraTasks: tasks for several datacenters of a ring, wherever these are.
//
// A K8ssandraTask is a shared object (package federation): it is applied in one region and copied into the others. When it is
// a datacenter's turn, the operator of that datacenter's region makes a CassandraTask for it, which is a part of the
// K8ssandraTask, and package task carries the part out. How far the parts of other regions are is read from the status of
// these regions' copies.
//
// The package is pure. It owns which parts are made and what the status says; it never runs a command on a node. Start
// reading at Make.
package ringtask
