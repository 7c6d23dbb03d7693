// Package ringview is the one reader of rings for everybody outside the clusters:
// it asks all regions at once (Read), keeps what each said, or that it didn't answer,
// in a Snapshot, and decides from that alone whether a ring is ready (Judge) and what
// is shown of it (Snapshot.Statuses). Only Read speaks with anybody; the rest is pure.
// It never writes. Start reading at Snapshot.
package ringview
