package provision

import (
	"context"
	"time"

	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/fleet/cost"
	"github.com/ringspan/ringspan/internal/fleet/infra"
	"github.com/ringspan/ringspan/internal/network"
)

// Planner knows what a fleet needs in a cloud.
type Planner interface {
	// Desire says what a fleet needs there, with what the file leaves open chosen.
	Desire(in infra.Input) (*infra.Desired, error)
}

// Provider is where networks and clusters are made. Its methods may be called from
// several goroutines; their errors are for people to read. What a provider has no
// answer to it answers with NotSupported.
type Provider interface {
	Planner
	// Question asks for a fleet; spec is nil when there is no file.
	Question(fleet string, spec *fleetv1.FleetSpec) Question
	// Observe finds everything of a fleet. It changes nothing.
	Observe(ctx context.Context, q Question) (*infra.Seen, error)
	// Preflight reads what must be known before anything is made in the regions of a
	// question: that the credentials may ask, what the account offers there to choose
	// from, and how much of it the fleet may have. It changes nothing.
	Preflight(ctx context.Context, q Question) (*infra.Offer, error)
	// Apply does one step and returns the provider's id of what it was done to. It may
	// be ended at any moment and called again: what is there already is no error, and
	// neither is the deletion of what isn't.
	Apply(ctx context.Context, t Task) (physical string, err error)
	// Announce lets other runs know that this one is at work, as far as that is
	// possible. The returned function takes it back.
	Announce(ctx context.Context, seen *infra.Seen, now time.Time) (withdraw func(context.Context))
	// Pause waits before the next round; rounds are counted from 0.
	Pause(ctx context.Context, round int) error

	// Endpoints of a fleet's clusters, in the order of the file. Where a region doesn't
	// answer there is none, and the error says so; those of the other regions are right.
	Endpoints(ctx context.Context, fleet string, spec *fleetv1.FleetSpec) ([]Endpoint, error)
	// Credentials are how a cluster is reached, and how program, this program's file,
	// logs in to it.
	Credentials(program string, e Endpoint) (*clientcmdapi.Cluster, *clientcmdapi.AuthInfo)
	// Describe is what decides over packets between regions, as the provider says it. Regions
	// that have no cluster yet are named in missing.
	Describe(ctx context.Context, fleet string, spec *fleetv1.FleetSpec) (described network.Cloud, missing []string, err error)

	// Token logs in to a cluster, as Credentials have it done. It is a secret.
	Token(ctx context.Context, region, cluster string) (string, error)
	// Fleets are those that are found in the account, whoever made them and wherever
	// their files are.
	Fleets(ctx context.Context) ([]FoundFleet, error)
	// Policy is the least that credentials must be allowed for one fleet, as a document
	// that the provider takes. Nobody is asked.
	Policy(fleet string) ([]byte, error)

	// Account is where things are made, for people to read.
	Account() string
	// Cost is what a fleet costs in a month.
	Cost(wanted *infra.Desired) (cost.Estimate, error)
	// CallCount is how often the cloud's API was called.
	CallCount() int
}

// Endpoint is how a region's cluster is reached.
type Endpoint struct {
	Region  string
	Cluster string   // name
	Server  string   // URL
	CA      []byte   // PEM
	Private []string // addresses of the API server in the cluster's network, one a zone, sorted
}

// FoundFleet is a fleet that was found by its tags.
type FoundFleet struct {
	Name      string    `json:"name"`
	Regions   []string  `json:"regions"`
	Expires   string    `json:"expires,omitempty"`
	Resources int       `json:"resources"` // that belong to it, without those that are listed after their end
	Deadline  time.Time `json:"-"`         // zero: never
}

// Past tells whether the fleet's time is over.
func (f *FoundFleet) Past(now time.Time) bool { return !f.Deadline.IsZero() && !f.Deadline.After(now) }

// Question is what to look for.
type Question struct {
	Fleet    string
	ID       string             // of the fleet, as its tag has it
	Regions  []string           // to look at closely; others only where the fleet's tag is found
	Adopted  []fleetv1.Region   // regions with something to adopt
	Deleting bool               // also look for what only matters when the fleet is deleted
	JumpHost string             // region of the jump host, "" without one
	Spec     *fleetv1.FleetSpec // nil when there is no file
}

// Task is one step with what a provider needs to carry it out.
type Task struct {
	Step    *infra.Step
	Fleet   string            // its name
	FleetID string            // its id, as its tag has it
	Tags    map[string]string // on everything that is made

	// Physical is the provider's id of a logical one: of what was there, is adopted, or
	// was made by an earlier step.
	Physical func(logical string) string
	// Waits reports what the step waits for.
	Waits func(text string)
}
