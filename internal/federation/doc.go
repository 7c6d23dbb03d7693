// Package federation decides which version of a ring a region follows, without a hub.
//
// Every region keeps its own copy of a ring (a K8ssandraCluster) and reads its peers' copies. A copy carries a
// revision "<counter>/<region>/<hash>" and the revisions that it supersedes (its ancestors). Decide compares the own
// copy with what is known of the peers and answers with one verb: Publish, Raise, Adopt, Delete, Bury, Diverged or
// Keep. It owns revisions, documents (what of a ring is shared) and the snapshot types of peers. It never talks to
// Kubernetes, reads a clock or logs: the watchers and writers are in federation/controller.
//
// # Edits
//
// A copy whose document no longer hashes to its revision was edited here: Raise, counter plus one. Others Adopt the
// highest revision when it supersedes theirs. Two revisions of which neither supersedes the other are Diverged:
// nothing is written to either copy until a person chooses. Highest counter alone is not enough, because three edits
// on one side of a partition would silently swallow one edit on the other side. A person chooses by editing a copy
// that says Diverged, or with the annotation ringspan.io/choose=<region> on any copy: either one makes a revision
// above all known ones, with all of them as ancestors.
//
// A region that comes back after an outage holds a revision that is an ancestor of the others': it adopts. It can't
// replay its old spec, because only a document that differs from its own recorded hash is ever raised.
//
// # Deletion
//
// Deleting a ring is a revision too: "<counter+1>/<region>/deleted". The region in which it happens records it in a
// tombstone, before its copy's finalizer goes, and doesn't wait for anybody. Peers read tombstones: a copy that the
// tombstone supersedes is deleted by its own operator, whenever that operator sees it, after days if need be; a copy
// that was edited meanwhile isn't superseded and says Diverged instead. A region without a copy pulls one only if it
// supersedes every tombstone that it knows, so a late region can't bring a deleted ring back. Creating a ring of the
// same name again publishes above the tombstone, which then goes. Otherwise tombstones stay: a few hundred bytes each,
// and no region can know that nobody is still to come back. A copy that never was published leaves no tombstone:
// deleting it takes back only what was never shared.
//
// Start reading at decide.go.
package federation
