package controller

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	kinds "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// Certificates that don't fit are named; a node that isn't up yet is not a fault.
func TestWhyAnAgentDoesNotAnswer(t *testing.T) {
	for _, test := range []struct {
		err  error
		want string
	}{
		{&net.OpError{Op: "dial", Err: errors.New("connection refused")}, ""},
		{errors.New("EOF"), ""},
		{apierrors.NewNotFound(kinds.GroupResource{Resource: "secrets"}, "mine"), ` (secrets "mine" not found)`},
		{&net.OpError{Op: "remote error", Err: errors.New("tls: expired certificate")}, " (it refuses the operator's certificate: tls: expired certificate)"},
		{x509.UnknownAuthorityError{}, " (its certificate is not of the datacenter's authority, or has ended)"},
	} {
		if got := trustError(fmt.Errorf("GET /x: %w: %w", mgmtapi.ErrUnavailable, test.err)); got != test.want {
			t.Errorf("%v: %q, want %q", test.err, got, test.want)
		}
	}
}
