package ec2

import (
	"time"

	"github.com/ringspan/ringspan/local/aws/wire"
	"github.com/ringspan/ringspan/local/aws/world"
)

// Namespace is that of the answers' XML.
const Namespace = "http://ec2.amazonaws.com/doc/2016-11-15/"

// Service is Amazon EC2 of one account, in all regions.
type Service struct {
	world *world.World
	state State

	// Profile finds an instance profile by name, in IAM.
	Profile func(name string) (arn, id string, ok bool)
}

// State is all that a restart must find again.
type State struct {
	Regions  map[string]*Region
	Peerings world.Table[Peering] // of all regions: each is seen in two
	LastIP   int                  // public addresses given so far
}

// Region is what one region holds.
type Region struct {
	Name             string
	Vpcs             world.Table[Vpc]
	DhcpOptions      world.Table[DhcpOptions]
	Subnets          world.Table[Subnet]
	InternetGateways world.Table[InternetGateway]
	Addresses        world.Table[Address]
	NatGateways      world.Table[NatGateway]
	RouteTables      world.Table[RouteTable]
	SecurityGroups   world.Table[SecurityGroup]
	Rules            world.Table[SecurityGroupRule]
	NetworkAcls      world.Table[NetworkAcl]
	Interfaces       world.Table[NetworkInterface]
	Instances        world.Table[Instance]
	Volumes          world.Table[Volume]
	LaunchTemplates  world.Table[LaunchTemplate]
}

// New makes the service of an account.
func New(w *world.World) *Service {
	s := &Service{world: w}
	s.Reset()
	return s
}

// Name is the service's in signatures.
func (s *Service) Name() string { return "ec2" }

// State is what a restart must find again.
func (s *Service) State() any { return &s.state }

// Reset forgets all resources.
func (s *Service) Reset() { s.state = State{Regions: map[string]*Region{}} }

// API is the service as one request sees it: in a region. Its methods are the
// calls; they run inside World.Do.
type API struct {
	*Service
	region *Region
}

// In is the service in a region.
func (s *Service) In(region string) *API {
	r, ok := s.state.Regions[region]
	if !ok {
		r = &Region{Name: region}
		s.state.Regions[region] = r
	}
	a := &API{Service: s, region: r}
	if r.DhcpOptions.Len() == 0 {
		a.addDefaultDhcpOptions()
	}
	return a
}

func (a *API) now() time.Time { return a.world.Clock.Now() }

// arn names a resource of this region.
func (a *API) arn(resource string) string {
	return "arn:aws:ec2:" + a.region.Name + ":" + a.world.Account + ":" + resource
}

// limit refuses when have reaches a quota.
func (a *API) limit(quota string, standard float64, have int, code, what string) error {
	if float64(have) < a.world.Quota(a.region.Name, quota, standard) {
		return nil
	}
	return wire.Errorf(code, "The maximum number of %s has been reached.", what)
}

func invalid(parameter, value string) *wire.Error {
	return wire.Errorf("InvalidParameterValue", "Value (%s) for parameter %s is invalid.", value, parameter)
}

func missing(parameter string) *wire.Error {
	return wire.Errorf("MissingParameter", "The request must contain the parameter %s", parameter)
}

func inUse(noun, id string) *wire.Error {
	return wire.Errorf("DependencyViolation", "The %s '%s' has dependencies and cannot be deleted.", noun, id)
}

// Empty is an output with nothing in it.
type Empty struct{}

// Done is an output that only says that it worked.
type Done struct {
	Return bool
}

func done() (*Done, error) { return &Done{Return: true}, nil }
