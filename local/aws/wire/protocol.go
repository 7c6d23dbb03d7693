package wire

import (
	"net/http"
)

// Request is one call as it arrived.
type Request struct {
	HTTP *http.Request
	Body []byte
	ID   string // request id, which the answer repeats
}

// Protocol is how a service's calls look on the wire.
type Protocol interface {
	// Action names the call, "" when the request names none or an unknown
	// path; the error is what to answer then.
	Action(r *Request) (string, error)
	// Decode fills in, a pointer to an input struct.
	Decode(r *Request, in any) error
	// Encode writes out, a pointer to an output struct.
	Encode(w http.ResponseWriter, r *Request, action string, out any)
	// EncodeError writes an error's true shape.
	EncodeError(w http.ResponseWriter, r *Request, err *Error)
	// Unknown is the answer to an action that the service doesn't have.
	Unknown(action string) *Error
}

func send(w http.ResponseWriter, contentType string, status int, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that went away learns nothing
}
