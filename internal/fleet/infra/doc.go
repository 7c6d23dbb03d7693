// Package infra plans a fleet's infrastructure: what is wanted, as a graph of
// resources with logical ids (Desire), compared with what was found in the cloud
// (Seen), gives ordered steps as data (Up, Down). It is pure: no I/O, no clock,
// and its kinds are words that every cloud has something for. What a fleet needs in AWS
// (Desire) is still said here; fleet/aws finds and carries out.
//
// Start reading at Resource, then Desire, Up and Down.
package infra
