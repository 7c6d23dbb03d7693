package aws

import (
	"context"
	"errors"
	"net"
	"net/http"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// unanswered says that a call was not answered by AWS itself: the network, or a fault
// of AWS's own, of which the SDK has tried all attempts.
func unanswered(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	if answer, ok := errors.AsType[*awshttp.ResponseError](err); ok && answer.HTTPStatusCode() != 0 {
		return answer.HTTPStatusCode() >= http.StatusInternalServerError
	}
	_, network := errors.AsType[net.Error](err)
	return network
}
