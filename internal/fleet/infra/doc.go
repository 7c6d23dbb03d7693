// Package infra plans a fleet's infrastructure: what is wanted, as a graph of
// resources with logical ids (Desire), compared with what was found in the cloud
// (Seen), gives ordered steps as data (Up, Down). It is pure: no I/O, no clock,
// and it knows of AWS only the names of its resources and the order that they
// must be made and deleted in. fleet/aws finds and carries out.
//
// Start reading at Resource, then Desire, Up and Down.
package infra
