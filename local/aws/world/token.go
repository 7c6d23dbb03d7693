package world

import (
	"encoding/json"
	"time"
)

// tokenLife is how long an idempotency token is remembered ("Ensuring
// idempotency in Amazon EC2 API requests", Amazon EC2 Developer Guide).
const tokenLife = 24 * time.Hour

// Answer is what a call with an idempotency token was answered.
type Answer struct {
	Input  json.RawMessage // the call's input, to tell a replay from a mistake
	Output json.RawMessage
	At     time.Time
}

// Answered is the answer to an earlier call with the same token. Inside Do.
func (w *World) Answered(key string) (Answer, bool) {
	a, ok := w.tokens[key]
	if ok && w.Clock.Now().Sub(a.At) > tokenLife {
		delete(w.tokens, key)
		return Answer{}, false
	}
	return a, ok
}

// Remember keeps an answer. Inside Do.
func (w *World) Remember(key string, a Answer) {
	if w.tokens == nil {
		w.tokens = map[string]Answer{}
	}
	a.At = w.Clock.Now()
	w.tokens[key] = a
}
