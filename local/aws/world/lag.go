package world

import "time"

// Lag is how long others don't see what was just made.
type Lag struct {
	Calls int            // calls that answer NotFound for a new resource
	IAM   time.Duration  // until other services see a new role
	left  map[string]int // by id
}

// Made starts a new resource's lag.
func (l *Lag) Made(id string) {
	if l.Calls <= 0 {
		return
	}
	if l.left == nil {
		l.left = map[string]int{}
	}
	l.left[id] = l.Calls
}

// Known ends a resource's lag: what a service makes for itself it sees at once.
func (l *Lag) Known(id string) { delete(l.left, id) }

// Visible says whether a resource is seen by now; each time that it isn't
// counts as a call.
func (l *Lag) Visible(id string) bool {
	n, ok := l.left[id]
	if !ok {
		return true
	}
	if n <= 1 {
		delete(l.left, id)
	} else {
		l.left[id] = n - 1
	}
	return false
}
