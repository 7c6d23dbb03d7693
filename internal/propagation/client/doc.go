// Package client is what people do with Propagations from outside: place an object, look at all regions, say what a deletion
// leaves. It goes through the API servers of the regions with the rights of who runs it, and leaves everything else to the
// regions' operators. An edit is made in one region; the others follow it.
//
// Start reading at Place.
package client
