// Package live foretells what an edit of a ring, or of a datacenter without one, does in the clusters where it lives. It asks every
// region what the operator there would be asked, lets the API servers say what the edited objects would be (dry runs: nothing is
// written), has package ring make the datacenters of them as the operator does, and gives each with what was observed of it to
// package preview. A region that doesn't answer is named, with its datacenters. Start reading at Foretell.
package live
