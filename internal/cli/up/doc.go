// Package up is the verb up: it has a fleet and its rings brought up by lifecycle, shows how
// that goes, asks before --prune deletes, and prints the result. Start reading at Command,
// then run.up.
package up
