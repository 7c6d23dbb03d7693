package server

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"

	"github.com/ringspan/ringspan/local/aws/iam"
	"github.com/ringspan/ringspan/local/aws/wire"
	"github.com/ringspan/ringspan/local/aws/world"
)

// identify finds out which call a request is, of which service and region, and
// who makes it. What it returns is fit for an error's answer too.
func (s *Server) identify(r *wire.Request) (*exchange, error) {
	x := &exchange{request: r, service: service{protocol: wire.JSON11{}}}
	sign, flaw := wire.ParseSignature(r.HTTP)
	if flaw == wire.Unsigned {
		return x, s.unsigned(x)
	}
	if sign == nil || sign.Service == "" {
		return x, s.unsigned(x)
	}
	service, ok := s.routes[sign.Service]
	if !ok {
		return x, wire.Errorf("UnknownOperationException", "this cloud has no service %q: it answers %s", sign.Service, strings.Join(s.serviceNames(), ", "))
	}
	x.service, x.name = service, world.CallName{Service: sign.Service, Region: sign.Region}
	if flaw == "" {
		flaw = sign.Check(r.HTTP, r.Body, s.now())
	}
	if flaw == "" {
		x.caller, flaw = s.authenticate(sign, r)
	}
	if flaw == "" && !s.ec2.Enabled(sign.Region) {
		flaw = wire.UnknownKey // as AWS answers where the account hasn't opted in
	}
	if flaw != "" {
		return x, wire.SignatureError(sign.Service, flaw)
	}
	return x, s.decode(x)
}

// unsigned answers a request that doesn't say which service it is for.
func (s *Server) unsigned(x *exchange) error {
	if len(x.request.Body) > 0 && strings.HasPrefix(x.request.HTTP.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		x.service = s.routes["ec2"]
		return wire.SignatureError("ec2", wire.Unsigned)
	}
	return wire.SignatureError("", wire.Unsigned)
}

func (s *Server) authenticate(sign *wire.Signature, r *wire.Request) (iam.Key, wire.Flaw) {
	var key iam.Key
	known, expired := false, false
	_ = s.world.Do(func() bool {
		key, known = s.iam.Key(sign.AccessKey)
		expired = known && !key.Expires.IsZero() && s.world.Clock.Now().After(key.Expires)
		return false
	})
	switch {
	case !known && s.strict:
		return key, wire.UnknownKey
	case !known:
		return s.iam.Anyone(sign.AccessKey), ""
	case expired:
		return key, wire.Expired
	case key.Token != sign.Token:
		return key, wire.WrongToken
	}
	return key, sign.Verify(r.HTTP, r.Body, key.Secret)
}

// decode finds the action and reads its input.
func (s *Server) decode(x *exchange) error {
	action, err := x.service.protocol.Action(x.request)
	if err != nil {
		return err
	}
	x.name.Action = action
	call, ok := x.service.actions.New(action)
	if !ok {
		return x.service.protocol.Unknown(action)
	}
	x.call, x.dry = call, x.name.Service == "ec2" && takeDryRun(x.request)
	return x.service.protocol.Decode(x.request, call.In)
}

// takeDryRun reads EC2's parameter DryRun, which every call has, and takes it
// out of the form.
func takeDryRun(r *wire.Request) bool {
	form, err := url.ParseQuery(string(r.Body))
	if err != nil || !form.Has("DryRun") {
		return false
	}
	dry := form.Get("DryRun") == "true"
	form.Del("DryRun")
	r.Body = []byte(form.Encode())
	return dry
}

// print tells requests of one action apart by what they ask for. When and by whom
// they are signed doesn't matter: the attempts of one request have one print.
func (x *exchange) print() string {
	sum := sha256.New()
	for _, part := range []string{x.request.HTTP.Method, x.request.HTTP.URL.RequestURI(), string(x.request.Body)} {
		_, _ = sum.Write([]byte(part + "\x00")) // hashes take everything
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// refusal is the service's answer to a call that isn't let through.
func (x *exchange) refusal(v world.Verdict) error {
	switch v.Refusal {
	case world.Throttled:
		return wire.Errorf(x.service.throttled, "Request limit exceeded.")
	case world.Denied:
		return wire.Errorf(x.service.denied, "You are not authorized to perform this operation. User: %s is not authorized to perform: %s:%s", x.caller.ARN, x.name.Service, x.name.Action)
	case world.Faulted:
		if v.Fault.Drop != "" {
			return nil
		}
		err := wire.Errorf(v.Fault.Code, "%s", v.Fault.Message)
		if v.Fault.Status != 0 {
			err.Status = v.Fault.Status
		}
		return err
	}
	return nil
}
