package lifecycle

import (
	"context"
	"fmt"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/fleet"
	"github.com/ringspan/ringspan/internal/fleet/inventory"
	"github.com/ringspan/ringspan/internal/fleet/local"
	"github.com/ringspan/ringspan/internal/install"
	"github.com/ringspan/ringspan/internal/region"
	"github.com/ringspan/ringspan/internal/report"
)

// platform is what rings stand on, and where it is made: an account of AWS, there or on
// this machine.
type platform interface {
	inventory.Fleet
	// create makes networks and clusters; release is for the end of the run.
	create(ctx context.Context, w work) (release func(), err error)
	// operator is how a region's operator is installed.
	operator(region string) (install.Options, error)
	// admit refuses a region that isn't the fleet's to change.
	admit(ctx context.Context, r region.Region) error
	// storage makes the storage classes of a region.
	storage(ctx context.Context, r region.Region, say func(string)) error
	// peer is how the other regions' operators reach a region; nil when it isn't known now.
	peer(region string) (*install.Peer, error)
	// identities says what a region's operator lacks to reach the others, where up doesn't
	// make that itself.
	identities(ctx context.Context, r region.Region) error
	// agent is the id of the agent's image, "" where a tag stands for one image.
	agent() string
	// calls is how often AWS's API was called; summary says so.
	calls() int
	summary() string
}

// work is what a platform is told of a run: what to make, and whom to tell.
type work struct {
	Options

	file     *fleet.File
	report   report.Reporter
	known    bool // this machine knows the fleet's clusters
	leaveOut func(name, why string)
}

// platformOf a file. Nothing is made yet.
func platformOf(ctx context.Context, a inventory.Account, f *fleet.File) (platform, error) {
	if f.Fleet.Spec.Provider == fleetv1.ProviderAWS {
		return newAWS(ctx, a.Of(f), f)
	}
	if a.Endpoint != "" {
		return nil, fmt.Errorf("--endpoint %s: provider %s brings its own cloud; provider aws takes another", a.Endpoint, f.Fleet.Spec.Provider)
	}
	if f.Fleet.Spec.Provider == fleetv1.ProviderExisting {
		return newExisting(f)
	}
	c, err := local.New(f.Fleet.Name)
	if err != nil {
		return nil, err
	}
	return &localPlatform{Local: inventory.Local{Cloud: c}}, nil
}
