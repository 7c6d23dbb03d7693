package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/cli/progress"
	"github.com/ringspan/ringspan/internal/distribution"
	"github.com/ringspan/ringspan/internal/fleet"
	"github.com/ringspan/ringspan/internal/fleet/infra"
	"github.com/ringspan/ringspan/internal/fleet/inventory"
	"github.com/ringspan/ringspan/internal/fleet/local"
	"github.com/ringspan/ringspan/internal/fleet/provision"
	"github.com/ringspan/ringspan/internal/install"
	"github.com/ringspan/ringspan/internal/region"
)

// ground is where up makes a fleet: an account of AWS, there or on this machine.
type ground interface {
	inventory.Fleet
	// raise makes networks and clusters; release is for the end of up.
	raise(ctx context.Context, u *upRun) (release func(), err error)
	// operator is how a region's operator is installed.
	operator(region string) (install.Options, error)
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

// ground of a file. Nothing is made yet.
func (a account) ground(ctx context.Context, f *fleet.File) (ground, error) {
	if f.Fleet.Spec.Provider == fleetv1.ProviderAWS {
		return account{a.Of(f)}.awsGround(ctx, f)
	}
	if a.Endpoint != "" {
		return nil, fmt.Errorf("--endpoint %s: provider %s brings its own cloud; provider aws takes another", a.Endpoint, f.Fleet.Spec.Provider)
	}
	if f.Fleet.Spec.Provider == fleetv1.ProviderExisting {
		return newExistingGround(f)
	}
	c, err := local.New(f.Fleet.Name)
	if err != nil {
		return nil, err
	}
	return &localGround{Local: inventory.Local{Cloud: c}}, nil
}

// infrastructure is what up makes through AWS's API, and how to reach it.
type infrastructure struct {
	cloud     provision.Provider
	name      string
	spec      fleetv1.FleetSpec
	images    string               // directory that the nodes take theirs from; "" where they pull
	classes   []string             // of storage, besides EBS's own
	endpoints []provision.Endpoint // of those that answer
}

// build makes networks, what connects them, and clusters.
func (i *infrastructure) build(ctx context.Context, u *upRun) error {
	want := provision.Request{Fleet: i.name, Spec: i.spec, NetworkOnly: u.scope.network, Prune: u.scope.pruned()}
	u.report.Phase("infrastructure planned")
	first, err := provision.Plan(ctx, i.cloud, want)
	if err != nil {
		return i.unseen(ctx, u, err)
	}
	if len(first.Plan.Refused) > 0 {
		return fmt.Errorf("nothing was made:\n  %s", strings.Join(first.Plan.Refused, "\n  "))
	}
	if err := u.agree(ctx, first.Plan.Removals); err != nil {
		return err
	}
	want.Prune = infra.PruneOnly(first.Plan.Removals)
	u.report.Phase("infrastructure as the file says")
	_, err = provision.Up(ctx, i.cloud, want, time.Now(), provision.Watch{Step: infraNews(u.report), Planned: func(r *provision.Round) {
		if len(r.Plan.Steps) > 0 {
			u.report.Line(progress.Subject{}, fmt.Sprintf("%d steps to do", len(r.Plan.Steps)))
		}
	}})
	if err != nil {
		return i.unseen(ctx, u, err)
	}
	if u.scope.network {
		return nil
	}
	i.endpoints, err = i.cloud.Endpoints(ctx, i.name, &i.spec)
	return err
}

// unseen goes on with a fleet that is there already when AWS doesn't answer in some
// region: what isn't seen isn't changed, and the rings are in the clusters.
func (i *infrastructure) unseen(ctx context.Context, u *upRun, err error) error {
	unseen := provision.OnlyUnreachable(err)
	if len(unseen) == 0 || ctx.Err() != nil || u.scope.bare() || !exists(u.ground.Kubeconfig()) {
		return err
	}
	u.report.Line(progress.Subject{}, "networks and clusters are left as they are: "+err.Error())
	for _, region := range unseen {
		u.leaveOut(region, "AWS does not answer there; networks and clusters of all regions were left as they are")
	}
	i.endpoints, err = i.cloud.Endpoints(ctx, i.name, &i.spec)
	if len(provision.OnlyUnreachable(err)) > 0 { // those that answer suffice
		return nil
	}
	return err
}

// whole says that all regions' clusters are known: what is kept of them may be
// written anew.
func (i *infrastructure) whole() bool { return len(i.endpoints) == len(i.spec.Regions) }

func (i *infrastructure) operator(region string) (o install.Options, err error) {
	o = install.Options{Region: region, EKS: true}
	switch r := i.spec.ImageRegistry; {
	case i.images != "":
		o.ImageID, err = distribution.ImageID(i.images, distribution.OperatorImage)
	case r != "":
		o.Image, o.AgentImage = distribution.ImageIn(r, distribution.OperatorImage), distribution.ImageIn(r, distribution.AgentImage)
	}
	return o, err
}

func (i *infrastructure) storage(ctx context.Context, r region.Region, say func(string)) error {
	say("making storage class " + install.EBSClass)
	return install.Storage(ctx, r.Client, i.classes...)
}

// peer is reached at its private addresses, which peerings and groups lead to, and
// which are in zones of their own; its public one may be closed to the regions, or
// absent.
func (i *infrastructure) peer(region string) (*install.Peer, error) {
	for _, e := range i.endpoints {
		if e.Region != region {
			continue
		}
		server, err := url.Parse(e.Server)
		if err != nil {
			return nil, fmt.Errorf("endpoint of cluster %s: %w", e.Cluster, err)
		}
		p := &install.Peer{Region: region, Server: e.Server, CA: e.CA, AWSRegion: e.Region, Cluster: e.Cluster}
		if len(e.Private) > 0 {
			p.Server, p.TLSName = "https://"+e.Private[0], server.Hostname()
		}
		for _, address := range e.Private[min(1, len(e.Private)):] {
			p.Addresses = append(p.Addresses, net.JoinHostPort(address, "443"))
		}
		return p, nil
	}
	return nil, nil //nolint:nilnil // a region that doesn't answer is no error
}

func (i *infrastructure) identities(context.Context, region.Region) error { return nil }

func (i *infrastructure) agent() string {
	if i.images == "" {
		return ""
	}
	id, err := distribution.ImageID(i.images, distribution.AgentImage)
	if err != nil {
		return "" // nothing is known of it
	}
	return id
}

func (i *infrastructure) calls() int {
	if i.cloud == nil {
		return 0
	}
	return i.cloud.CallCount()
}

func (i *infrastructure) summary() string {
	return fmt.Sprintf("%d calls of AWS's API, in account %s.", i.calls(), i.cloud.Account())
}

// errNoImages is of nodes that have nowhere to pull Ringspan's images from.
var errNoImages = errors.New("nothing was made: spec.imageRegistry is empty, and this version's images are in no public registry: push them with `ringspan images push REGISTRY` to where the clusters can pull from, and name it there (or say --infrastructure-only)")
