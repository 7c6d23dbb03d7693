// Package cli is the ringspan command: one file a verb, a package for what verbs share
// (invocation, terminal, progress, takedown) or are made of (cql). It reads files and flags,
// calls what does the work (internal/fleet/lifecycle for up and down, ringview, doctor), and
// prints; it decides nothing, writes to no cluster, and never prints a secret. Start reading
// at newRoot.
package cli
