package server

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ringspan/ringspan/local/aws/ec2"
	"github.com/ringspan/ringspan/local/aws/quotas"
	"github.com/ringspan/ringspan/local/aws/world"
)

// drivePath is where the cloud itself is driven.
const drivePath = "/_cloud/"

func isDrive(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, drivePath) }

// duration is a time.Duration that reads and prints as "90s".
type duration time.Duration

func (d *duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	*d = duration(v)
	return err
}

func (d duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// drive answers calls below /_cloud/, from this machine only. A browser's are
// refused: a page of some other site must not drive the cloud. So are those that
// don't come with the account's own key, as user name and password: other users of
// the machine reach the port too, and could wipe the account. Only where images
// are is answered without them: by that the command line recognizes this cloud.
func (s *Server) drive(w http.ResponseWriter, r *http.Request) {
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() || r.Header.Get("Origin") != "" {
		http.Error(w, "the cloud is driven from this machine only, and not from a browser", http.StatusForbidden)
		return
	}
	if !s.ownKey(r) && (r.Method != http.MethodGet || r.URL.Path != drivePath+"images") {
		w.Header().Set("WWW-Authenticate", `Basic realm="ringspan-local"`)
		http.Error(w, "the cloud is driven with the account's own access key, which serve prints: as user name its ID, as password its secret", http.StatusUnauthorized)
		return
	}
	s.driver().ServeHTTP(w, r)
}

// ownKey tells whether a call brings the account's own key.
func (s *Server) ownKey(r *http.Request) bool {
	id, secret, _ := r.BasicAuth()
	ownID, ownSecret := s.Credentials()
	return subtle.ConstantTimeCompare([]byte(id+":"+secret), []byte(ownID+":"+ownSecret)) == 1
}

// driver routes the drive's calls. Each takes and gives JSON.
func (s *Server) driver() *http.ServeMux {
	m := http.NewServeMux()
	handle(m, "GET clock", func(struct{}) (any, error) { return s.clock(), nil })
	handle(m, "POST clock", func(in struct{ Advance duration }) (any, error) {
		if in.Advance < 0 {
			return nil, fmt.Errorf("advance: the clock can't go back")
		}
		s.world.Clock.Advance(time.Duration(in.Advance))
		return s.clock(), s.world.Do(func() bool { return true })
	})
	handle(m, "PUT waits", s.setWaits)
	handle(m, "PUT lag", s.setLag)
	handle(m, "PUT throttle", s.setThrottle)
	handle(m, "GET faults", func(struct{}) (any, error) { return s.world.Faults(), nil })
	handle(m, "POST faults", func(f world.Fault) (any, error) {
		if err := f.Check(); err != nil {
			return nil, err
		}
		return s.world.AddFault(f), nil
	})
	handle(m, "DELETE faults", func(struct{}) (any, error) { s.world.ClearFaults(); return nothing, nil })
	handle(m, "GET denied", func(struct{}) (any, error) { return s.world.Denials(), nil })
	handle(m, "PUT denied", s.setDenied)
	handle(m, "PUT quotas", s.setQuota)
	handle(m, "PUT leftovers", func(in struct{ Interfaces bool }) (any, error) {
		return in, s.world.Do(func() bool { s.world.SetLeftovers(in.Interfaces); return false })
	})
	handle(m, "POST load-balancers", s.addLoadBalancer)
	handle(m, "DELETE load-balancers", s.dropLoadBalancer)
	handle(m, "GET calls", func(struct{}) (any, error) { return s.world.Calls(), nil })
	handle(m, "DELETE calls", func(struct{}) (any, error) { s.world.ForgetCalls(); return nothing, nil })
	handle(m, "GET resources", func(struct{}) (any, error) { return s.resources() })
	handle(m, "GET images", func(struct{}) (any, error) {
		return struct {
			Dir string `json:"dir"`
		}{s.images}, nil
	})
	handle(m, "GET actions", func(struct{}) (any, error) { return s.Actions(), nil })
	handle(m, "POST reset", func(struct{}) (any, error) { return nothing, s.world.Reset() })
	m.HandleFunc(drivePath, func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "there is no such call; see docs/reference/embedded-aws.md", http.StatusNotFound)
	})
	return m
}

var nothing = struct{}{}

// handle routes one call, such as "PUT lag".
func handle[In any](m *http.ServeMux, pattern string, f func(In) (any, error)) {
	method, name, _ := strings.Cut(pattern, " ")
	m.HandleFunc(method+" "+drivePath+name, func(w http.ResponseWriter, r *http.Request) {
		var in In
		d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
		d.DisallowUnknownFields()
		if method == http.MethodPut || r.ContentLength > 0 {
			if err := d.Decode(&in); err != nil {
				http.Error(w, name+": "+err.Error(), http.StatusBadRequest)
				return
			}
		}
		out, err := f(in)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(out) // a client that went away learns nothing
	})
}

func (s *Server) clock() any {
	return struct {
		Now time.Time `json:"now"`
	}{s.world.Clock.Now()}
}

func (s *Server) setWaits(in struct{ Waits string }) (any, error) {
	f, err := world.ParseWaits(in.Waits)
	if err != nil {
		return nil, err
	}
	return in, s.world.Do(func() bool { s.world.SetWaits(f); return false })
}

func (s *Server) setLag(in struct {
	Calls int
	IAM   duration
}) (any, error) {
	if in.Calls < 0 || in.IAM < 0 {
		return nil, fmt.Errorf("lag: calls and iam must not be negative")
	}
	return in, s.world.Do(func() bool { s.world.Lag.Calls, s.world.Lag.IAM = in.Calls, time.Duration(in.IAM); return false })
}

func (s *Server) setThrottle(in []world.Throttle) (any, error) {
	for _, t := range in {
		if err := t.Check(); err != nil {
			return nil, err
		}
	}
	s.world.SetThrottle(in...)
	return in, nil
}

// setDenied takes actions that this cloud has, with * at the end for several.
func (s *Server) setDenied(in []string) (any, error) {
	for _, d := range in {
		service, action, ok := strings.Cut(d, ":")
		if _, known := s.routes[service]; !ok || !known {
			return nil, fmt.Errorf("denied action %q: write service:Action, with a service of %s", d, strings.Join(s.serviceNames(), ", "))
		}
		prefix, wild := strings.CutSuffix(action, "*")
		if !slices.ContainsFunc(s.routes[service].actions.Names(), func(a string) bool { return a == action || wild && strings.HasPrefix(a, prefix) }) {
			return nil, fmt.Errorf("denied action %q: this cloud's %s has no such action", d, service)
		}
	}
	s.world.SetDenied(in)
	return in, nil
}

func (s *Server) setQuota(in struct {
	Region, Code string
	Value        float64
}) (any, error) {
	if _, ok := quotas.Default(in.Code); !ok {
		return nil, fmt.Errorf("quota code %q is unknown: ListServiceQuotas names those of vpc, ec2 and eks", in.Code)
	}
	return in, s.world.Do(func() bool { s.world.SetQuota(in.Region, in.Code, in.Value); return false })
}

// loadBalancer is that of a Service in a cluster.
type loadBalancer struct {
	Region, Cluster, Name string
}

func (s *Server) addLoadBalancer(in loadBalancer) (any, error) {
	var failed error
	err := s.world.Do(func() bool { failed = s.eks.In(in.Region, "").AddLoadBalancer(in.Cluster, in.Name); return true })
	return in, errors.Join(failed, err)
}

func (s *Server) dropLoadBalancer(in loadBalancer) (any, error) {
	return in, s.world.Do(func() bool { s.ec2.In(in.Region).DropInterfaces(ec2.LoadBalancer(in.Name)); return true })
}
