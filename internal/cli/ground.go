package cli

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/cli/progress"
	"github.com/ringspan/ringspan/internal/distribution"
	"github.com/ringspan/ringspan/internal/fleet"
	"github.com/ringspan/ringspan/internal/fleet/aws"
	"github.com/ringspan/ringspan/internal/fleet/infra"
	"github.com/ringspan/ringspan/internal/fleet/local"
	"github.com/ringspan/ringspan/internal/install"
)

// ground is where up makes a fleet: an account of AWS, there or on this machine.
type ground interface {
	place
	// raise makes networks and clusters; release is for the end of up.
	raise(ctx context.Context, u *upRun) (release func(), err error)
	// operator is how a region's operator is installed.
	operator(region string) (install.Options, error)
	// peer is how the other regions' operators reach a region.
	peer(ctx context.Context, r region, say func(string)) (install.Peer, error)
	// agent is the id of the agent's image, "" where a tag stands for one image.
	agent() string
	// calls is how often AWS's API was called; summary says so.
	calls() int
	summary() string
}

// ground of a file. Nothing is made yet.
func (a account) ground(ctx context.Context, f *fleet.File) (ground, error) {
	if f.Fleet.Spec.Provider == fleetv1.ProviderAWS {
		return a.of(f).awsGround(ctx, f)
	}
	if a.endpoint != "" {
		return nil, fmt.Errorf("--endpoint %s: provider local brings its own cloud; provider aws takes another", a.endpoint)
	}
	c, err := local.New(f.Fleet.Name)
	if err != nil {
		return nil, err
	}
	return &localGround{here: here{c}}, nil
}

// infrastructure is what up makes through AWS's API, and how to reach it.
type infrastructure struct {
	cloud     *aws.Cloud
	name      string
	spec      fleetv1.FleetSpec
	images    string   // directory that the nodes take theirs from; "" where they pull
	classes   []string // of storage, besides EBS's own
	endpoints []aws.Endpoint
}

// build makes networks, what connects them, and clusters.
func (i *infrastructure) build(ctx context.Context, u *upRun) error {
	wish := aws.Wish{Fleet: i.name, Spec: i.spec, NetworkOnly: u.scope.network, Prune: u.scope.pruned()}
	u.report.Phase("infrastructure planned")
	first, err := i.cloud.Plan(ctx, wish)
	if err != nil {
		return err
	}
	if len(first.Plan.Refused) > 0 {
		return fmt.Errorf("nothing was made:\n  %s", strings.Join(first.Plan.Refused, "\n  "))
	}
	if err := u.agree(ctx, first.Plan.Removals); err != nil {
		return err
	}
	wish.Prune = infra.PruneOnly(first.Plan.Removals)
	u.report.Phase("infrastructure as the file says")
	_, err = i.cloud.Up(ctx, wish, time.Now(), func(d *aws.Draft) {
		if len(d.Plan.Steps) > 0 {
			u.report.Line(progress.Subject{}, fmt.Sprintf("%d steps to do", len(d.Plan.Steps)))
		}
	}, infraNews(u.report))
	if err != nil || u.scope.network {
		return err
	}
	i.endpoints, err = i.cloud.Endpoints(ctx, i.name, &i.spec)
	return err
}

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

// peer is reached at its private address, which peerings and groups lead to; its
// public one may be closed to the regions, or absent.
func (i *infrastructure) peer(ctx context.Context, r region, say func(string)) (install.Peer, error) {
	say("making storage class " + install.EBSClass)
	if err := install.Storage(ctx, r.client, i.classes...); err != nil {
		return install.Peer{}, err
	}
	for _, e := range i.endpoints {
		if e.Region != r.name {
			continue
		}
		server, err := url.Parse(e.Server)
		if err != nil {
			return install.Peer{}, fmt.Errorf("endpoint of cluster %s: %w", e.Cluster, err)
		}
		p := install.Peer{Region: r.name, Server: e.Server, CA: e.CA, AWSRegion: e.Region, Cluster: e.Cluster}
		if e.Private != "" {
			p.Server, p.TLSName = "https://"+e.Private, server.Hostname()
		}
		return p, nil
	}
	return install.Peer{}, fmt.Errorf("region %s is not in the file", r.name)
}

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
	return i.cloud.Calls.Total()
}

func (i *infrastructure) summary() string {
	return fmt.Sprintf("%d calls of AWS's API, in account %s.", i.calls(), i.cloud.Account)
}

// errNoImages is of nodes that have nowhere to pull Ringspan's images from.
var errNoImages = errors.New("nothing was made: spec.imageRegistry is empty, and this version's images are in no public registry: push them with `ringspan images push REGISTRY` to where the clusters can pull from, and name it there (or say --infrastructure-only)")
