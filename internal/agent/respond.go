package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// respond writes text as text and everything else as JSON. Its code is that of the answer.
func respond(w http.ResponseWriter, code int, body any, err error) {
	if err != nil {
		body = map[string]string{"error": err.Error()}
	}
	if text, ok := body.(string); ok {
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(code)
		_, _ = io.WriteString(w, text) // the client is gone: nobody to tell
		return
	}
	if body == nil || code == http.StatusNoContent {
		w.WriteHeader(code)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body)
}

// answerCode is the status of an answer. An error without a code of its own is the JVM's (500),
// or that the JVM doesn't answer (503).
func answerCode(code int, err error) int {
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil:
		return code
	case errors.As(err, &tooLarge):
		return http.StatusRequestEntityTooLarge
	case code >= 400:
		return code
	case errors.Is(err, errNoJVM), errors.Is(err, errNotSetUp), errors.Is(err, context.DeadlineExceeded):
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// decodeBody reads a call's JSON.
func decodeBody(q *call, into any) error {
	if err := json.NewDecoder(q.Body).Decode(into); err != nil {
		return fmt.Errorf("body: %w", err)
	}
	return nil
}

// decodeOptional is decodeBody for a call that may come without a body.
func decodeOptional(q *call, into any) error {
	if err := decodeBody(q, into); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}
