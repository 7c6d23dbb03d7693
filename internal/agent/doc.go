// Package agent is the first process of a Cassandra container: it writes the
// node's configuration, starts, watches and stops the JVM, and answers the
// management API on port 8080.
//
// agent.go holds the state and the lifecycle, jvm.go the process, server.go the
// HTTP surface, jolokia.go the way into the JVM, operations.go what is done
// there, jobs.go the long ones, identity.go whose data the
// node has. It never talks to Kubernetes.
package agent
