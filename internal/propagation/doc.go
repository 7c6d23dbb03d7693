// Package propagation decides what a region does about a Propagation: an object that several regions have, each with its
// own changes. It is pure: it owns the object that a region should have (Render), what is left to others in it (retain.go),
// which objects are not propagated (refuse.go, check.go), what is to be done (Plan) and what the status says (Summarize).
// It never talks to Kubernetes and never decides which version of a Propagation holds: that is the business of package
// federation. Package propagation/controller carries the plans out.
//
// A region that leaves the placement keeps its object, which is nobody's then. Only the deletion of the Propagation deletes
// objects, and only those that carry its mark and are the ones that were written down as made for it.
//
// Start reading at Plan.
package propagation
