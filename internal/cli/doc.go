// Package cli is the ringspan command: a file for each verb of one part, a folder for each
// of several (up, status, propagate and so on), and the root that puts them together. What
// verbs share is invocation, terminal, progress and takedown; no verb imports another's
// folder. Verbs read files and flags, call what does the work (internal/fleet/lifecycle for
// up and down, ringview, doctor), and print; they decide nothing, write to no cluster
// themselves, and never print a secret. Start reading at newRoot.
package cli
