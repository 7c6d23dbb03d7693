// Package down is the verb down: it finds the fleet that is to go, by its file or its name,
// asks where that is needed, and has lifecycle take it down, in a way of its own for each
// provider. Start reading at Command.
package down
