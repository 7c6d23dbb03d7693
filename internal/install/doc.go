// Package install has everything that a region's cluster needs before rings can live in it: the
// CustomResourceDefinitions, the operator with its identity and permissions, the identity under which other regions look
// at this one, and the objects by which this region knows its peers.
//
// Objects and PeerObjects only build; Apply writes them (server-side apply, may be repeated at any time). It never
// deletes anything and never talks to a cloud. Start reading in objects.go.
package install
