// Package infra plans a fleet's infrastructure: what is wanted, as a graph of
// resources with logical ids (Desired), compared with what was found in the cloud
// (Seen), gives ordered steps as data (Up, Down). It is pure: no I/O, no clock,
// and its kinds are words that every cloud has something for. It knows no cloud: a
// provider says what a fleet needs there, finds what is there and carries steps out.
//
// Start reading at Resource, then Up and Down.
package infra
