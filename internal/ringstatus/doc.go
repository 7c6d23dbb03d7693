// Package ringstatus is the shape of `ringspan status`: a documented, stable
// JSON (docs/reference/status-json.md), built from what nodes and operators in
// every region say, and its rendering in the manner of nodetool status. It is
// pure: whoever asks the regions is elsewhere. Start reading at Status.
package ringstatus
