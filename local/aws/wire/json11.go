package wire

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
)

// JSON11 is the protocol of Systems Manager and Service Quotas: JSON in the
// body, the action in the header X-Amz-Target.
type JSON11 struct {
	Target string // what precedes the action's name, such as AmazonSSM
}

const amzJSON = "application/x-amz-json-1.1"

// Action reads the header.
func (p JSON11) Action(r *Request) (string, error) {
	action, ok := strings.CutPrefix(r.HTTP.Header.Get("X-Amz-Target"), p.Target+".")
	if !ok {
		return "", Errorf("UnknownOperationException", "the header X-Amz-Target doesn't name an action of %s", p.Target)
	}
	return action, nil
}

// Decode reads the body.
func (JSON11) Decode(r *Request, in any) error { return decodeJSON(r.Body, in, "ValidationException") }

// Encode writes the output.
func (JSON11) Encode(w http.ResponseWriter, r *Request, _ string, out any) {
	body, _ := json.Marshal(jsonValue(reflect.ValueOf(out).Elem(), field.same)) // plain values
	w.Header().Set("X-Amzn-Requestid", r.ID)
	send(w, amzJSON, http.StatusOK, body)
}

// EncodeError writes {"__type": …, "message": …}.
func (JSON11) EncodeError(w http.ResponseWriter, r *Request, err *Error) {
	w.Header().Set("X-Amzn-Requestid", r.ID)
	send(w, amzJSON, err.Status, errorJSON(err, "__type"))
}

// errorJSON is an error's members; typeMember, when given, holds the code.
func errorJSON(err *Error, typeMember string) []byte {
	members := map[string]any{"message": err.Message}
	if typeMember != "" {
		members[typeMember] = err.Code
	}
	for name, value := range err.Members {
		members[name] = value
	}
	body, _ := json.Marshal(members) // plain values
	return body
}

// Unknown is UnknownOperationException.
func (JSON11) Unknown(action string) *Error {
	return Errorf("UnknownOperationException", "there is no operation %s", action)
}
