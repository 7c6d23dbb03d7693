// Package peers follows the other regions of a fleet: which there are (ClientConfigs of the operator's namespace) and what
// their API servers hold of the kinds that are followed: copies of shared objects, and what goes with them. It knows none of
// these kinds by name, and only ever looks. What was last seen of a region stays when the region goes, marked
// as not reachable; deciding what that means is the business of package federation and of the controllers.
//
// Each kind is a stream (stream.go): listed once, then watched from the list's version on. It is resumed where it ended; listed
// anew each minute, and when it failed, or the peer was gone, has gone back in time or is another cluster; and listed each
// second where the peer's role doesn't let it be watched. A kind that a former version doesn't know isn't known of that peer,
// and is no reason to count the peer as gone. Whether the peer is there, and which cluster it is, is asked each second
// (ping.go): a stream that is silent says neither.
//
// A ClientConfig that can't be used is a region that is not reachable, with the reason; an event on the ClientConfig says
// so too. A change of one, or of its Secret, takes effect within seconds and without a restart.
//
// Start reading at Peers.
package peers
