// Package federation decides which version of a shared object a region follows, without a hub.
//
// A shared object is a request to the whole ring or fleet, a K8ssandraCluster for one. Every region keeps its own copy of it
// and reads its peers' copies. A copy carries a revision "<counter>/<region>/<hash>" and the revisions that it supersedes,
// its ancestors. The package is pure: it owns revisions and the decisions about a region's copy, and never talks to
// Kubernetes, reads a clock or logs. What is known of the peers comes from package federation/peers;
// federation/controller carries the decisions out, for any kind.
//
// What a region makes of an object, CassandraDatacenters for one, are the object's parts in that region.
//
// # Adding a kind
//
// A kind is registered with its rules and nothing else; everything below holds for it then.
//
//  1. Its package (internal/ring, for one) has a Kind, a variable of type *federation.Kind: which CustomResourceDefinition,
//     where the spec is and what its schema is (that is what is hashed), the annotation with its id, the finalizer, which
//     objects of other regions must not be taken over (Pull), and whether a deletion waits for all regions before parts go
//     (Deletion). K8ssandraClusters are the example: internal/ring/kind.go.
//  2. Its fields that are added later are left out of the JSON while they are not set, and their defaults don't change:
//     package canonical says why.
//  3. Its loop begins each pass with Copies.Pass of package federation/controller, which returns the copy once it is agreed
//     on, and hands over its Parts: which ones of an object the region has, how they are taken down, and how the status says
//     that the copy is being deleted. What is known of the peers' parts and losses is in Pass.View. The ring's loop is the
//     example: parts.go and controller.go of internal/ring/controller.
//  4. It is followed at the peers: peers.Shared(Kind) in the list of internal/operator, and about() tells which objects a
//     peer's news are about.
//  5. Peers are allowed to read it: config/rbac/peer.yaml; this region's operator to write it: config/rbac/operator.yaml.
//
// # A copy that is there: Follow
//
// One whose spec no longer hashes to its revision was edited here: Raise, counter plus one. Others Adopt a revision that
// supersedes theirs. Two revisions of which neither supersedes the other are Diverged: nothing of the ring is changed
// until a person chooses. The highest counter alone is not enough, because three edits on one side of a partition would
// silently swallow one edit on the other side.
//
// A region that comes back after an outage holds a revision that is an ancestor of the others': it adopts. It can't
// replay its old spec, because only a spec that differs from its own recorded hash is ever raised.
//
// A person chooses by editing a copy that says Diverged, or with an annotation that names the region whose spec should
// hold (Choose). Either one makes a revision above those that the person was told of. One that came up meanwhile is not
// among them: the ring says Diverged once more, and nothing is lost unseen.
//
// # A copy that is being deleted: Retire
//
// Deleting a ring is an intent like an edit, about the copy's revision and all that it supersedes. The other regions
// follow it (Delete) with copies of such a revision. No region takes anything down (Remove) before every region that it
// knows has answered, and either deletes its copy as well or has none. An edit that the deletion did not know of
// overrules it, whether it was made before or after: the copy that is being deleted goes, its datacenters stay, and the
// region takes the edited copy over (Yield). Who still wants the ring gone deletes it once more. So a ring is deleted
// whole or not at all, and an unreachable region makes its deletion wait with all data in place.
//
// # No copy: Take
//
// A region without a copy takes the newest one of a peer over, unless that one is about to be deleted.
//
// Start reading at decide.go.
package federation
