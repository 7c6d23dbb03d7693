// Package shell is a shell for CQL in the manner of cqlsh: it splits a text into
// statements, runs them on a session, and prints what they give as cqlsh does,
// also the errors. It doesn't know how a node is reached or who logs in: it is
// handed a Session. Start reading at Shell.
package shell
