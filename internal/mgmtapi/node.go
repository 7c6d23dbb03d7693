package mgmtapi

import "errors"

// Node is one Cassandra node's management, by concern. Who needs one of them asks for
// that one only.
type Node interface {
	Lifecycle
	Membership
	Keyspaces
	Roles
	Operations
	Tables
}

// Classes of errors; test with errors.Is.
var (
	ErrNotFound    = errors.New("not found")   // what a call is about, or the call itself: the agent is of a former version
	ErrUnavailable = errors.New("unavailable") // nobody answers, or not in time, or only another pod's agent (421): another try may help
	ErrRefused     = errors.New("refused")     // the call makes no sense (other 4xx)
	ErrFailed      = errors.New("failed")      // Cassandra was asked and refused it, or could not do it (500)
)
