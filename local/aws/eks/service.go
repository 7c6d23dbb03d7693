package eks

import (
	"encoding/base64"
	"strconv"
	"time"

	"github.com/ringspan/ringspan/local/aws/ec2"
	"github.com/ringspan/ringspan/local/aws/iam"
	"github.com/ringspan/ringspan/local/aws/wire"
	"github.com/ringspan/ringspan/local/aws/world"
)

// Service is Amazon EKS of one account, in all regions.
type Service struct {
	world *world.World
	ec2   *ec2.Service
	iam   *iam.Service
	state State

	bodies *bodies // what the plane has; nil without a plane
}

// State is all that a restart must find again.
type State struct {
	Regions map[string]*Region
}

// Region is what one region holds.
type Region struct {
	Name     string
	Clusters world.Table[Cluster]
}

// New makes the service of an account.
func New(w *world.World, e *ec2.Service, i *iam.Service) *Service {
	s := &Service{world: w, ec2: e, iam: i}
	s.Reset()
	return s
}

// Name is the service's in signatures.
func (s *Service) Name() string { return "eks" }

// State is what a restart must find again.
func (s *Service) State() any { return &s.state }

// Reset forgets all resources.
func (s *Service) Reset() { s.state = State{Regions: map[string]*Region{}} }

// API is the service as one request sees it: in a region, for a caller. Its
// methods are the calls; they run inside World.Do.
type API struct {
	*Service
	region *Region
	ec2    *ec2.API
	caller string // ARN
}

// In is the service in a region.
func (s *Service) In(region, caller string) *API {
	r, ok := s.state.Regions[region]
	if !ok {
		r = &Region{Name: region}
		s.state.Regions[region] = r
	}
	return &API{Service: s, region: r, ec2: s.ec2.In(region), caller: caller}
}

func (a *API) now() time.Time { return a.world.Clock.Now() }

func (a *API) arn(resource string) string {
	return "arn:aws:eks:" + a.region.Name + ":" + a.world.Account + ":" + resource
}

func invalid(format string, args ...any) *wire.Error {
	return wire.Errorf("InvalidParameterException", format, args...)
}

func notFound(format string, args ...any) *wire.Error {
	return wire.Errorf("ResourceNotFoundException", format, args...)
}

func conflict(format string, args ...any) *wire.Error {
	return wire.Errorf("ResourceInUseException", format, args...)
}

// Page is what calls that list take.
type Page struct {
	MaxResults int    `wire:",query"`
	NextToken  string `wire:",query"`
}

// page is one page of a list, and the token of the next.
func page[T any](p Page, all []T) ([]T, string, error) {
	from := 0
	if p.NextToken != "" {
		b, err := base64.RawURLEncoding.DecodeString(p.NextToken)
		if err != nil {
			return nil, "", invalid("nextToken is not one that this call gave")
		}
		if from, err = strconv.Atoi(string(b)); err != nil || from < 0 || from > len(all) {
			return nil, "", invalid("nextToken is not one that this call gave")
		}
	}
	size := p.MaxResults
	if size == 0 {
		size = 100
	}
	if size < 1 || size > 100 {
		return nil, "", invalid("maxResults must be from 1 to 100")
	}
	if from+size >= len(all) {
		return all[from:], "", nil
	}
	return all[from : from+size], base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(from + size))), nil
}

// names of what is seen by now. at is by what its lag is kept, before the name.
func names[T any](a *API, at string, t *world.Table[T], name func(*T) string) []string {
	out := []string{}
	for _, v := range t.All() {
		if n := name(v); a.world.Lag.Visible(at + n) {
			out = append(out, n)
		}
	}
	return out
}
