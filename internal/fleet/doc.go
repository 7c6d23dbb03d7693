// Package fleet reads what the user wants of infrastructure and rings, one file
// with several documents, checks it as a whole before anything is made, and lays
// out the regions' networks. It is pure but for Load, which reads the file.
// fleet/local brings a fleet up on this machine. Start reading at Load.
package fleet
