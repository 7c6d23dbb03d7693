package aws

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/aws/smithy-go"
)

// What is done next follows from an error's code, and where one code says several things
// from the words that come with it.
func TestWhatAnErrorMeans(t *testing.T) {
	for name, test := range map[string]struct {
		code, message string
		want          class
	}{
		"still used":                           {"DependencyViolation", "", inUse},
		"a change is under way":                {"ResourceInUseException", "", inUse},
		"an address whose gateway just went":   {"AuthFailure", "You do not have permission; the address does not belong to you.", inUse},
		"a key that nobody knows":              {"AuthFailure", "AWS was not able to validate the provided access credentials", badCredentials},
		"a key that has expired":               {"ExpiredToken", "", badCredentials},
		"a clock that is wrong":                {"RequestExpired", "", badCredentials},
		"no VPC of that id":                    {"InvalidVpcID.NotFound", "", notFound},
		"no allocation of that id":             {"InvalidAllocationID.NotFound", "", notFound},
		"a code of nobody's list":              {"SomethingNewNotFound", "", notFound},
		"no cluster, said in another way":      {"ClientException", "No cluster found for name: f", notFound},
		"another client's mistake":             {"ClientException", "Instance types are not supported", other},
		"a peering that isn't everywhere yet":  {"InvalidParameterValue.VpcPeering", "", notFound},
		"there already":                        {"RouteAlreadyExists", "", exists},
		"a rule that is there already":         {"InvalidPermission.Duplicate", "", exists},
		"a role that EKS doesn't see yet":      {"InvalidParameterException", "Role arn:aws:iam::1:role/r could not be assumed because it does not exist", notYet},
		"a profile that EC2 doesn't see yet":   {"InvalidParameterValue", "Value (p) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name", notYet},
		"a principal that IAM doesn't see yet": {"InvalidParameterException", "Invalid principal in policy", notYet},
		"an update that isn't done":            {"InvalidParameterException", "Cluster is not in a valid state for updating", inUse},
		"nodes that are there still":           {"InvalidRequestException", "cluster currently has an update in progress", inUse},
		"a parameter that is wrong for good":   {"InvalidParameterException", "unsupported Kubernetes version", other},
		"too many calls":                       {"Throttling", "", throttled},
		"too many calls of EC2":                {"RequestLimitExceeded", "", throttled},
		"no permission in EC2":                 {"UnauthorizedOperation", "", denied},
		"no permission in EKS":                 {"AccessDeniedException", "", denied},
		"a quota":                              {"VpcLimitExceeded", "", overLimit},
		"a quota of nobody's list":             {"SomethingNewLimitExceeded", "", overLimit},
		"as wanted already":                    {"NoUpdatesAreToBePerformed", "", settled},
		"a service without the call":           {"UnknownOperationException", "", unknown},
		"what nobody expects":                  {"InternalError", "", other},
	} {
		err := fmt.Errorf("wrapped: %w", &smithy.GenericAPIError{Code: test.code, Message: test.message})
		if got := classify(err); got != test.want || !is(err, test.want) || is(nil, test.want) {
			t.Errorf("%s: %d, wanted %d", name, got, test.want)
		}
	}
}

// A call that was cut off may have worked: it is made again. One that the user ended is not.
func TestACallWithoutAnAnswer(t *testing.T) {
	cut := &net.OpError{Op: "read", Err: errors.New("connection reset by peer")}
	for name, test := range map[string]struct {
		err  error
		want class
	}{
		"nothing":             {nil, other},
		"cut off":             {cut, interrupted},
		"ended by the user":   {&net.OpError{Op: "read", Err: context.Canceled}, other},
		"time is over":        {fmt.Errorf("asking: %w", context.DeadlineExceeded), other},
		"an error of our own": {errors.New("cut off"), other},
	} {
		if got := classify(test.err); got != test.want {
			t.Errorf("%s: %d, wanted %d", name, got, test.want)
		}
	}
}

// An error says the call as policies name it, the region, and what to do.
func TestErrorsSayWhatToDo(t *testing.T) {
	c := &Cloud{caller: "arn:aws:iam::1:user/somebody"}
	answer := func(service, operation, code string) error {
		return &smithy.OperationError{ServiceID: service, OperationName: operation, Err: &smithy.GenericAPIError{Code: code, Message: "said AWS"}}
	}
	for name, test := range map[string]struct {
		err  error
		want []string
	}{
		"denied":          {answer("EC2", "CreateVpc", "UnauthorizedOperation"), []string{"no permission for ec2:CreateVpc in eu-west-1 as arn:aws:iam::1:user/somebody", "ringspan policy", "said AWS"}},
		"denied a quota":  {answer("Service Quotas", "GetServiceQuota", "AccessDeniedException"), []string{"servicequotas:GetServiceQuota"}},
		"bad credentials": {answer("STS", "GetCallerIdentity", "ExpiredToken"), []string{"sts:GetCallerIdentity", "ExpiredToken", "AWS_PROFILE"}},
		"a quota":         {answer("EKS", "CreateCluster", "ResourceLimitExceededException"), []string{"eks:CreateCluster in eu-west-1: the account has reached a quota", "ask AWS for more"}},
		"no such call":    {answer("EKS", "CreateAddon", "UnknownOperationException"), []string{"does not know this call"}},
		"anything else":   {answer("EC2", "CreateSubnet", "InvalidSubnet.Range"), []string{"ec2:CreateSubnet in eu-west-1: InvalidSubnet.Range: said AWS"}},
	} {
		got := c.explain(test.err, "eu-west-1").Error()
		for _, part := range test.want {
			if !strings.Contains(got, part) {
				t.Errorf("%s: %q isn't in %q", name, part, got)
			}
		}
	}
	if d, is := errors.AsType[*Denied](c.explain(answer("IAM", "CreateRole", "AccessDenied"), "")); !is || d.Action != "iam:CreateRole" || strings.Contains(d.Error(), " in ") {
		t.Errorf("%v", d)
	}
	own := errors.New("our own")
	if !errors.Is(c.explain(own, "eu-west-1"), own) || c.explain(nil, "eu-west-1") != nil {
		t.Error("what isn't AWS's was changed")
	}
}
