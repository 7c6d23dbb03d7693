package wire

import (
	"errors"
	"fmt"
	"net/http"
)

// Error is an error of AWS's API.
type Error struct {
	Code    string
	Message string
	Status  int            // HTTP
	Members map[string]any // further members of a JSON error, such as clusterName
}

// Error prints the code and the message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Errorf makes an error with the HTTP status that AWS uses for its code.
func Errorf(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), Status: statusOf(code)}
}

// With adds a member, which JSON protocols show beside the message.
func (e *Error) With(name string, value any) *Error {
	if e.Members == nil {
		e.Members = map[string]any{}
	}
	e.Members[name] = value
	return e
}

// AsError is err as an error of the API; anything else is an internal error.
func AsError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return Errorf("InternalFailure", "%v", err)
}

// statuses are HTTP statuses other than 400 ("Error codes" in the API
// references of EC2, EKS, IAM and STS).
var statuses = map[string]int{
	"AuthFailure":                         http.StatusUnauthorized,
	"UnauthorizedOperation":               http.StatusForbidden,
	"AccessDenied":                        http.StatusForbidden,
	"AccessDeniedException":               http.StatusForbidden,
	"SignatureDoesNotMatch":               http.StatusForbidden,
	"InvalidSignatureException":           http.StatusForbidden,
	"UnrecognizedClientException":         http.StatusForbidden,
	"MissingAuthenticationToken":          http.StatusForbidden,
	"MissingAuthenticationTokenException": http.StatusForbidden,
	"InvalidClientTokenId":                http.StatusForbidden,
	"ExpiredToken":                        http.StatusForbidden,
	"ExpiredTokenException":               http.StatusForbidden,
	"DryRunOperation":                     http.StatusPreconditionFailed,
	"RequestLimitExceeded":                http.StatusServiceUnavailable,
	"Unavailable":                         http.StatusServiceUnavailable,
	"ServiceUnavailable":                  http.StatusServiceUnavailable,
	"ServiceUnavailableException":         http.StatusServiceUnavailable,
	"InternalError":                       http.StatusInternalServerError,
	"InternalFailure":                     http.StatusInternalServerError,
	"ServerException":                     http.StatusInternalServerError,
	"NoSuchEntity":                        http.StatusNotFound,
	"ResourceNotFoundException":           http.StatusNotFound,
	"NotFoundException":                   http.StatusNotFound,
	"EntityAlreadyExists":                 http.StatusConflict,
	"DeleteConflict":                      http.StatusConflict,
	"LimitExceeded":                       http.StatusConflict,
	"ConcurrentModification":              http.StatusConflict,
	"ResourceInUseException":              http.StatusConflict,
}

func statusOf(code string) int {
	if s, ok := statuses[code]; ok {
		return s
	}
	return http.StatusBadRequest
}
