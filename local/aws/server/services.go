package server

import (
	"context"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/ringspan/ringspan/local/aws/ec2"
	"github.com/ringspan/ringspan/local/aws/eks"
	"github.com/ringspan/ringspan/local/aws/iam"
	"github.com/ringspan/ringspan/local/aws/quotas"
	"github.com/ringspan/ringspan/local/aws/ssm"
	"github.com/ringspan/ringspan/local/aws/sts"
	"github.com/ringspan/ringspan/local/aws/wire"
	"github.com/ringspan/ringspan/local/aws/world"
)

// service is one of AWS's, as a request reaches it.
type service struct {
	protocol  wire.Protocol
	actions   wire.Actions
	api       func(x *exchange) any // the value whose methods are the calls
	throttled string                // error code of a call that is throttled
	denied    string                // of one that isn't allowed
	mismatch  string                // of an idempotency token used for something else
}

func (s *Server) services() map[string]service {
	return map[string]service{
		"ec2": {
			wire.EC2Query{Namespace: ec2.Namespace}, wire.ActionsOf(&ec2.API{}), func(x *exchange) any { return s.ec2.In(x.name.Region) },
			"RequestLimitExceeded", "UnauthorizedOperation", "IdempotentParameterMismatch",
		},
		"eks": {
			wire.RESTJSON{Routes: eks.Routes}, wire.ActionsOf(&eks.API{}), func(x *exchange) any { return s.eks.In(x.name.Region, x.caller.ARN) },
			"ThrottlingException", "AccessDeniedException", "InvalidRequestException",
		},
		"iam": {
			wire.Query{Namespace: iam.Namespace}, wire.ActionsOf(s.iam), func(*exchange) any { return s.iam },
			"Throttling", "AccessDenied", "",
		},
		"sts": {
			wire.Query{Namespace: sts.Namespace}, wire.ActionsOf(&sts.API{}),
			func(x *exchange) any { return &sts.API{IAM: s.iam, Account: s.world.Account, Caller: x.caller} },
			"Throttling", "AccessDenied", "",
		},
		"ssm": {
			wire.JSON11{Target: "AmazonSSM"}, wire.ActionsOf(&ssm.API{}),
			func(x *exchange) any {
				return &ssm.API{Region: x.name.Region, EC2: s.ec2.In(x.name.Region), Now: s.world.Clock.Now()}
			},
			"ThrottlingException", "AccessDeniedException", "",
		},
		"servicequotas": {
			wire.JSON11{Target: "ServiceQuotasV20190624"}, wire.ActionsOf(&quotas.API{}),
			func(x *exchange) any { return &quotas.API{World: s.world, Region: x.name.Region} },
			"TooManyRequestsException", "AccessDeniedException", "",
		},
	}
}

func (s *Server) serviceNames() []string { return slices.Sorted(maps.Keys(s.routes)) }

// Actions lists every call that the server answers, by service.
func (s *Server) Actions() map[string][]string {
	out := map[string][]string{}
	for name, service := range s.routes {
		out[name] = service.actions.Names()
	}
	return out
}

// mutates says whether a call may change anything.
func mutates(action string) bool {
	for _, prefix := range []string{"Describe", "List", "Get"} {
		if strings.HasPrefix(action, prefix) {
			return false
		}
	}
	return true
}

// call runs an action once: a call that repeats an idempotency token gets the
// first one's answer. Inside Do.
func (s *Server) call(ctx context.Context, x *exchange) (any, error) {
	key := x.token()
	if key == "" {
		return x.call.Do(ctx, x.service.api(x))
	}
	input, err := json.Marshal(x.call.In)
	if err != nil {
		return nil, err
	}
	if earlier, ok := s.world.Answered(key); ok {
		if string(earlier.Input) != string(input) {
			return nil, wire.Errorf(x.service.mismatch, "The request uses the same client token as a previous, but non-identical request. Do not reuse a client token with different requests, unless the requests are identical")
		}
		out := x.call.NewOut()
		return out, json.Unmarshal(earlier.Output, out)
	}
	out, err := x.call.Do(ctx, x.service.api(x))
	if err != nil {
		return nil, err
	}
	output, err := json.Marshal(out)
	s.world.Remember(key, world.Answer{Input: input, Output: output})
	return out, err
}

// token is what the call's idempotency token is remembered by, or "".
func (x *exchange) token() string {
	in := reflect.ValueOf(x.call.In).Elem()
	for _, name := range []string{"ClientToken", "ClientRequestToken"} {
		if f := in.FieldByName(name); f.IsValid() && f.String() != "" && x.service.mismatch != "" {
			return strings.Join([]string{x.name.Service, x.name.Region, x.name.Action, f.String()}, "/")
		}
	}
	return ""
}
