// Package preview foretells what the operator will do about a datacenter: which pods it restarts, in which order and why, which
// nodes join and leave, what it refuses. It has no rules of its own. Of gives what was observed, with the edited spec in it, to
// the operator's planner (internal/datacenter), carries each plan out in a model of Kubernetes and Cassandra, and asks again
// until nothing is left to do. In the model everything that is asked for succeeds at once; what is broken when it begins stays
// broken until a plan mends it, and is named when the plan waits for it. It is pure: it changes nothing, and reads no clock.
//
// Start reading at Of, then model.go.
package preview
