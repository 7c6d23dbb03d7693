package controller

import (
	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
)

// heldUp is what a datacenter's deletion waits for when a person has to do something, in parentheses.
func heldUp(dc *cassandra.CassandraDatacenter) string {
	c := dc.Status.Condition(cassandra.DatacenterDeleting)
	if c == nil || c.Reason != cassandra.ReasonDecommission {
		return ""
	}
	return " (" + c.Message + ")"
}
