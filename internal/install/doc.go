// Package install has everything that a region's cluster needs before rings can be made in it: the
// CustomResourceDefinitions, the operator with its identity and permissions, the identity with which other regions read
// this one, and the objects by which this region knows its peers.
//
// Objects and PeerObjects only build; Apply writes them (server-side apply, may be repeated at any time). It never
// deletes anything and never talks to a cloud. Start reading in objects.go.
package install
