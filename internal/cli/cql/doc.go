// Package cql is the verb cql: it chooses a node, logs in to it through its region's API
// server, and hands the session to a shell with what there is to run. Start reading at
// Command.
package cql
