// Package ringview reads rings from outside the clusters: Read asks all regions at once and
// keeps the answers, or that there was none, in a Snapshot. From that alone Judge decides
// whether a ring is ready, and Snapshot.Statuses makes what is shown. Only Read makes
// requests; the rest is pure.
// It never writes. Start reading at Snapshot.
package ringview
