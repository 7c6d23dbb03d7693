// Package task decides how a CassandraTask goes on: which pods work now, which rack is next, when the task is over and when
// it is deleted. Deciding is pure: State holds everything that was seen, Make returns a Plan, Summarize the status. The loop
// that reads and writes is in task/controller.
//
// Each command has a file, command_<name>.go: its arguments, the order in which it goes over the nodes, the call that begins
// it on one node, and what it waits for. Most have one job on each node: racks go one by one in the order of their names,
// and inside a rack as many pods at once as the task allows. A command without a file ends as Failed with the reason
// CommandNotSupported. Start reading at State, then Make (plan.go) and commands (command.go).
package task
