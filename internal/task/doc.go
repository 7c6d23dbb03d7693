// Package task decides how a CassandraTask goes on: which pods work now, which rack is next, when it is done and when it
// is deleted. It is pure: State holds everything that was seen, Make returns a Plan, Summarize the status; the loop that
// reads and writes is in task/controller. Racks go one by one in the order of their names, inside a rack as many pods at
// once as the task allows.
//
// It acts on the commands rebuild, cleanup and restart; every other command ends as Failed with reason
// CommandNotSupported. Start reading at State, then Make (plan.go).
package task
