package aws

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/aws/smithy-go"

	"github.com/ringspan/ringspan/internal/fleet/provision"
)

// class is what an error of AWS means for what is done next.
type class int

const (
	other          class = iota
	notFound             // it isn't there, or not yet everywhere
	exists               // it is there already
	inUse                // something still hangs on it, or it is being worked on
	notYet               // IAM's news haven't reached the service yet
	throttled            // too many calls
	denied               // no permission for the call
	badCredentials       // the credentials are wrong or too old
	overLimit            // a quota
	settled              // it is in the wanted state, or in one that it never leaves
	unknown              // the service has no such action
	interrupted          // the call was cut off: it may have worked
)

// codes of AWS's errors. What ends with a dot stands for a family.
var codes = map[string]class{
	"DependencyViolation": inUse, "ResourceInUseException": inUse, "ResourceInUse": inUse, "InvalidIPAddress.InUse": inUse, "DeleteConflict": inUse,
	"Gateway.NotAttached": notFound, "InvalidParameterValue.VpcPeering": notFound,
	"IncorrectState": inUse, "InvalidVolume.ZoneMismatch": other, "VolumeInUse": inUse, "InvalidNetworkInterface.InUse": inUse, "InvalidGroup.InUse": inUse,
	"ResourceNotFoundException": notFound, "NoSuchEntity": notFound, "NatGatewayNotFound": notFound, "ParameterNotFound": notFound, "NoSuchResourceException": notFound,
	"EntityAlreadyExists": exists, "RouteAlreadyExists": exists, "Resource.AlreadyAssociated": exists, "InvalidPermission.Duplicate": exists, "InvalidGroup.Duplicate": exists, "InvalidSubnet.Conflict": exists, "VpcPeeringConnectionAlreadyExists": exists,
	"RequestLimitExceeded": throttled, "Throttling": throttled, "ThrottlingException": throttled, "TooManyRequestsException": throttled,
	"UnauthorizedOperation": denied, "AccessDenied": denied, "AccessDeniedException": denied,
	"AuthFailure": badCredentials, "InvalidClientTokenId": badCredentials, "UnrecognizedClientException": badCredentials, "SignatureDoesNotMatch": badCredentials, "InvalidSignatureException": badCredentials, "ExpiredToken": badCredentials, "ExpiredTokenException": badCredentials, "RequestExpired": badCredentials, "OptInRequired": badCredentials,
	"VpcLimitExceeded": overLimit, "AddressLimitExceeded": overLimit, "InternetGatewayLimitExceeded": overLimit, "NatGatewayLimitExceeded": overLimit, "SubnetLimitExceeded": overLimit, "RouteLimitExceeded": overLimit, "RulesPerSecurityGroupLimitExceeded": overLimit, "ResourceLimitExceeded": overLimit, "ResourceLimitExceededException": overLimit, "LimitExceeded": overLimit, "VcpuLimitExceeded": overLimit, "InstanceLimitExceeded": overLimit,
	"InvalidStateTransition": settled, "NoUpdatesAreToBePerformed": settled,
	"UnknownOperationException": unknown, "InvalidAction": unknown, "UnsupportedOperation": unknown,
}

// notYetWords are in what EKS says while it can't see a new role (facts: the
// retries of Terraform's provider).
var notYetWords = []string{"role could not be assumed", "error in role params", "amazon eks managed policies", "policy must include", "does not exist", "not authorized to perform sts:assumerole", "invalid iam instance profile", "invalid principal"}

// classify says what an error means.
func classify(err error) class {
	var api smithy.APIError
	var network net.Error
	switch {
	case err == nil:
		return other
	case errors.As(err, &api):
		return classifyCode(api.ErrorCode(), api.ErrorMessage())
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return other
	case errors.As(err, &network):
		return interrupted
	}
	return other
}

func classifyCode(code, message string) class {
	words := strings.ToLower(message)
	if code == "InvalidParameterException" || code == "InvalidRequestException" || code == "InvalidParameterValue" {
		for _, w := range notYetWords {
			if strings.Contains(words, w) {
				return notYet
			}
		}
		if strings.Contains(words, "in progress") || strings.Contains(words, "is not in a valid state") || strings.Contains(words, "currently has") {
			return inUse
		}
		return other
	}
	if code == "ClientException" && strings.Contains(words, "no cluster found") {
		return notFound
	}
	if code == "AuthFailure" && strings.Contains(words, "does not belong to you") {
		return inUse // of an address whose gateway has just gone
	}
	if c, ok := codes[code]; ok {
		return c
	}
	if strings.HasSuffix(code, ".NotFound") || strings.HasSuffix(code, "NotFound") {
		return notFound
	}
	if strings.HasSuffix(code, "LimitExceeded") {
		return overLimit
	}
	return other
}

// is tells whether an error is of one of some classes.
func is(err error, some ...class) bool {
	c := classify(err)
	for _, s := range some {
		if err != nil && c == s {
			return true
		}
	}
	return false
}

// explain is an error in words that say what to do. The call and the region are
// in it; nothing secret ever is in AWS's messages.
func (c *Cloud) explain(err error, region string) error {
	if err == nil {
		return nil
	}
	var api smithy.APIError
	if region != "" && unanswered(err) {
		return &provision.Unreachable{Who: "AWS", Region: region, Err: plain(err)}
	}
	if !errors.As(err, &api) {
		return err
	}
	where := ""
	if region != "" {
		where = " in " + region
	}
	action := operation(err)
	switch classify(err) {
	case denied:
		return &Denied{Action: action, text: fmt.Sprintf("no permission for %s%s as %s: `ringspan policy` prints what is needed (%s)", action, where, c.caller, api.ErrorMessage())}
	case badCredentials:
		return fmt.Errorf("AWS does not accept the credentials for %s%s (%s: %s): check them with `ringspan token`'s profile or AWS_PROFILE, and that the region is enabled in the account", action, where, api.ErrorCode(), api.ErrorMessage())
	case overLimit:
		return fmt.Errorf("%s%s: the account has reached a quota (%s: %s): ask AWS for more, or remove what isn't needed", action, where, api.ErrorCode(), api.ErrorMessage())
	case unknown:
		return fmt.Errorf("%s%s: the endpoint does not know this call (%s)", action, where, api.ErrorMessage())
	default:
		return fmt.Errorf("%s%s: %s: %s", action, where, api.ErrorCode(), api.ErrorMessage())
	}
}

// Denied is a call that the credentials may not make.
type Denied struct {
	Action string // as in policies: ec2:CreateVpc
	text   string
}

func (d *Denied) Error() string { return d.text }

// operation is the call that failed, as policies name it.
func operation(err error) string {
	var op *smithy.OperationError
	if !errors.As(err, &op) {
		return "a call"
	}
	service := op.Service()
	if name, ok := services[service]; ok {
		service = name
	}
	return service + ":" + op.Operation()
}
