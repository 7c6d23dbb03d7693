// Package lifecycle brings fleets up, and takes them down: networks and clusters, the
// operator in every region, the rings of a file. It reports what it does to whoever
// listens and prints nothing; what a user meets (flags, words at the end, exit codes) is
// the command line's. Everything may be interrupted and run again. Start reading at Up.
package lifecycle
