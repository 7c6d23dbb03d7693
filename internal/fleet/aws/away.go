package aws

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// Away is a region in which AWS doesn't answer, or only with faults of its own,
// however often it is asked. Nothing is known then of what is there.
type Away struct {
	Region string
	err    error
}

func (a *Away) Error() string {
	return fmt.Sprintf("AWS does not answer in %s: %v", a.Region, plain(a.err))
}

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

// OnlyAway are the regions in which AWS doesn't answer, if that is all that an error
// says; else none.
func OnlyAway(err error) []string {
	var regions []string
	if !onlyAway(err, &regions) {
		return nil
	}
	slices.Sort(regions)
	return slices.Compact(regions)
}

func onlyAway(err error, regions *[]string) bool {
	if a, ok := err.(*Away); ok { //nolint:errorlint // each error of a tree is looked at by itself
		*regions = append(*regions, a.Region)
		return true
	}
	switch err := err.(type) { //nolint:errorlint // likewise
	case interface{ Unwrap() []error }:
		for _, one := range err.Unwrap() {
			if !onlyAway(one, regions) {
				return false
			}
		}
		return true
	case interface{ Unwrap() error }:
		return err.Unwrap() != nil && onlyAway(err.Unwrap(), regions)
	}
	return false
}
