package shell

import (
	"errors"
	"fmt"

	gocql "github.com/apache/cassandra-gocql-driver/v2"
)

// names of errors by their codes in the native protocol, as cqlsh calls them,
// and as the server does.
var names = map[int][2]string{
	0x0000: {"ServerError", "Server error"},
	0x000A: {"ProtocolException", "Protocol error"},
	0x0100: {"AuthenticationFailed", "Bad credentials"},
	0x1000: {"Unavailable", "Unavailable exception"},
	0x1001: {"OverloadedErrorMessage", "Coordinator node overloaded"},
	0x1002: {"IsBootstrapping", "Coordinator node is bootstrapping"},
	0x1003: {"TruncateError", "Error during truncate"},
	0x1100: {"WriteTimeout", "Coordinator node timed out waiting for replica nodes' responses"},
	0x1200: {"ReadTimeout", "Coordinator node timed out waiting for replica nodes' responses"},
	0x1300: {"ReadFailure", "Replica(s) failed to execute read"},
	0x1400: {"FunctionFailure", "User Defined Function failure"},
	0x1500: {"WriteFailure", "Replica(s) failed to execute write"},
	0x2000: {"SyntaxException", "Syntax error in CQL query"},
	0x2100: {"Unauthorized", "Unauthorized"},
	0x2200: {"InvalidRequest", "Invalid query"},
	0x2300: {"ConfigurationException", "Query invalid because of configuration issue"},
	0x2400: {"AlreadyExists", "Item already exists"},
}

// explain gives an error of the server the text that cqlsh gives it.
func explain(err error) error {
	var request gocql.RequestError
	if !errors.As(err, &request) {
		return err
	}
	name, known := names[request.Code()]
	if !known {
		name = [2]string{"ServerError", "Server error"}
	}
	text := fmt.Sprintf("%s: Error from server: code=%04x [%s] message=%q", name[0], request.Code(), name[1], request.Message())
	if request.Code() == gocql.ErrCodeSyntax {
		text = fmt.Sprintf("%s: %s", name[0], request.Message())
	}
	return fmt.Errorf("%s%s", text, info(err))
}

// info is what an error of the replicas adds.
func info(err error) string {
	var unavailable *gocql.RequestErrUnavailable
	var read *gocql.RequestErrReadTimeout
	var write *gocql.RequestErrWriteTimeout
	switch {
	case errors.As(err, &unavailable):
		return fmt.Sprintf(" info={'consistency': '%s', 'required_replicas': %d, 'alive_replicas': %d}", unavailable.Consistency, unavailable.Required, unavailable.Alive)
	case errors.As(err, &read):
		return fmt.Sprintf(" info={'consistency': '%s', 'required_responses': %d, 'received_responses': %d}", read.Consistency, read.BlockFor, read.Received)
	case errors.As(err, &write):
		return fmt.Sprintf(" info={'consistency': '%s', 'required_responses': %d, 'received_responses': %d, 'write_type': '%s'}", write.Consistency, write.BlockFor, write.Received, write.WriteType)
	}
	return ""
}
