// Package agent is the first process of a Cassandra container: it writes the
// node's configuration, starts, watches and stops the JVM, and answers the
// management API on port 8080. It never talks to Kubernetes.
//
// agent.go holds the state and the lifecycle, jvm.go the process, jolokia.go the way
// into the JVM, identity.go whose data the node has. routes.go takes the calls of the
// API apart from what they do: calls_*.go read parameters and bodies and name the
// answers' codes; what is done in Cassandra is in ring.go, keyspaces.go, roles.go,
// seeds.go, cleanup.go, rebuild.go and repair.go, and knows nothing of HTTP. jobs.go
// has the operations that take long.
package agent
