// Package ringstatus is the shape of `ringspan status`: a documented, stable
// JSON (docs/reference/status-json.md), built from what nodes in every region
// say, and its rendering in the manner of nodetool status. It is pure.
package ringstatus
