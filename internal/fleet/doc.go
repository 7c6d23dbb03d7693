// Package fleet reads what the user wants of infrastructure and rings, one file
// with several documents, and checks it as a whole before anything is made. It
// is pure but for Load, which reads the file. It never talks to a cloud or a
// cluster: fleet/local brings a fleet up on this machine. Start reading at Parse.
package fleet
