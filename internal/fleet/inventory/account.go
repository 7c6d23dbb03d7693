package inventory

import (
	"context"
	"errors"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/fleet"
	"github.com/ringspan/ringspan/internal/fleet/aws"
	"github.com/ringspan/ringspan/internal/fleet/existing"
	"github.com/ringspan/ringspan/internal/fleet/local"
	"github.com/ringspan/ringspan/internal/fleet/provision"
)

// globalRegion is where AWS is asked what belongs to no region.
const globalRegion = "us-east-1"

// Account is how AWS is reached. Endpoint "" is AWS itself, or $AWS_ENDPOINT_URL.
type Account struct{ Endpoint string }

// ErrNotRunning is of a fleet on this machine that has no account yet, or none now.
var ErrNotRunning = errors.New("it is not running; `ringspan up FILE` starts it, with its data if it has any")

// Of prefers what the user says over what a fleet's file says.
func (a Account) Of(f *fleet.File) Account {
	if a.Endpoint == "" {
		a.Endpoint = f.Fleet.Spec.Endpoint
	}
	return a
}

// EndpointFlag is how this program is told to log in elsewhere than at AWS; it is in the
// kubeconfigs that it writes.
const EndpointFlag = aws.EndpointFlag

// Open logs in.
func (a Account) Open(ctx context.Context) (provision.Provider, error) {
	return aws.Open(ctx, aws.Options{Region: globalRegion, Endpoint: a.Endpoint})
}

// Connect finds the credentials of whoever runs this program, for a cluster in a region.
// Nobody is asked yet.
func (a Account) Connect(ctx context.Context, region string) (provision.Provider, error) {
	return aws.Connect(ctx, aws.Options{Region: region, Endpoint: a.Endpoint})
}

// Unasked is AWS without an account: what it says follows from the partition alone (aws,
// aws-cn or aws-us-gov).
func Unasked(partition string) provision.Provider { return aws.Unasked(partition) }

// Reach opens the account that the fleet of a file lives in, and says what the
// fleet asks of it.
func (a Account) Reach(ctx context.Context, f *fleet.File) (provision.Provider, fleetv1.FleetSpec, error) {
	if f.Fleet.Spec.Provider == fleetv1.ProviderAWS {
		c, err := a.Of(f).Open(ctx)
		return c, f.Fleet.Spec, err
	}
	if f.Fleet.Spec.Provider == fleetv1.ProviderExisting {
		p, err := existing.Load(f)
		return p, f.Fleet.Spec, err
	}
	cloud, err := local.New(f.Fleet.Name)
	if err != nil {
		return nil, fleetv1.FleetSpec{}, err
	}
	c, err := Local{cloud}.OpenProvider(ctx)
	return c, local.Spec(f), err
}
