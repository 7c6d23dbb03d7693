package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/distribution"
	"github.com/ringspan/ringspan/internal/fleet/infra"
	"github.com/ringspan/ringspan/internal/fleet/provision"
	"github.com/ringspan/ringspan/internal/install"
	"github.com/ringspan/ringspan/internal/region"
	"github.com/ringspan/ringspan/internal/report"
	"github.com/ringspan/ringspan/internal/words"
)

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
func (i *infrastructure) build(ctx context.Context, w work) error {
	request := provision.Request{Fleet: i.name, Spec: i.spec, NetworkOnly: w.Scope.Network, Prune: w.Scope.Pruned()}
	w.report.Phase("infrastructure planned")
	first, err := provision.Plan(ctx, i.cloud, request)
	if err != nil {
		return i.withoutUnreachable(ctx, w, err)
	}
	if len(first.Plan.Refused) > 0 {
		return fmt.Errorf("nothing was made:\n  %s", strings.Join(first.Plan.Refused, "\n  "))
	}
	if err := w.Agree(ctx, first.Plan.Removals); err != nil {
		return err
	}
	request.Prune = infra.PruneOnly(first.Plan.Removals)
	w.report.Phase("infrastructure as the file says")
	_, err = provision.Up(ctx, i.cloud, request, time.Now(), provision.Watch{Step: stepNews(w.report), Planned: func(r *provision.Round) {
		if len(r.Plan.Steps) > 0 {
			w.report.Line(report.Subject{}, words.Count(len(r.Plan.Steps), "step")+" to do")
		}
	}})
	if err != nil {
		return i.withoutUnreachable(ctx, w, err)
	}
	if w.Scope.Network {
		return nil
	}
	i.endpoints, err = i.cloud.Endpoints(ctx, i.name, &i.spec)
	return err
}

// withoutUnreachable lets up continue with a fleet that exists when the cloud doesn't answer in
// some region: infrastructure that can't be observed isn't changed, and rings are brought
// up through the clusters' own API servers.
func (i *infrastructure) withoutUnreachable(ctx context.Context, w work, err error) error {
	unanswered := provision.OnlyUnreachable(err)
	if len(unanswered) == 0 || ctx.Err() != nil || w.Scope.bare() || !w.known {
		return err
	}
	w.report.Line(report.Subject{}, "networks and clusters are left as they are: "+err.Error())
	for _, region := range unanswered {
		w.leaveOut(region, "AWS does not answer there; networks and clusters of all regions were left as they are")
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

func (i *infrastructure) admit(context.Context, region.Region) error { return nil } // its clusters are made for it

func (i *infrastructure) identities(context.Context, region.Region) error { return nil }

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
	return fmt.Sprintf("%s of AWS's API, in account %s.", words.Count(i.calls(), "call"), i.cloud.Account())
}

// errNoImages is of nodes that have nowhere to pull Ringspan's images from.
var errNoImages = errors.New("nothing was made: spec.imageRegistry is empty, and this version's images are in no public registry: push them with `ringspan images push REGISTRY` to where the clusters can pull from, and name it there (or say --infrastructure-only)")
