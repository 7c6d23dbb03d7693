// Package datacenter decides what to do about one CassandraDatacenter. State is
// what was seen, Make turns it into a Plan (steps in order, what is waited for
// and on whom), Summarize into the status; objects_*.go build the Kubernetes
// objects. All of it is pure: the same state gives the same plan, and nothing
// here reads a clock or talks to anybody. The loop is in datacenter/controller.
//
// Start reading at State, then Make (plan.go).
package datacenter
