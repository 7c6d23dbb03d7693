// Package ring decides what a region makes of a K8ssandraCluster: its
// CassandraDatacenters, their seeds and rebuilds, the superuser's Secret. It is
// pure. State is all that a pass has seen, Make turns it into a Plan, Summarize
// into the status; Build makes the datacenter, Topology the ring that its tokens
// and seeds come from, NotActedOn names what has no effect. Which version of the
// ring holds is package federation's to decide, and which of its datacenters go
// when it is deleted. The loop is in ring/controller. Start reading at Make.
package ring
