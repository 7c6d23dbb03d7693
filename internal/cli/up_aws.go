package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/cli/progress"
	"github.com/ringspan/ringspan/internal/distribution"
	"github.com/ringspan/ringspan/internal/fleet/aws"
	"github.com/ringspan/ringspan/internal/fleet/remote"
	"github.com/ringspan/ringspan/internal/install"
)

// awsUp are the flags of up for a fleet in AWS.
type awsUp struct {
	account
	infrastructure, networkOnly, prune bool
}

// run brings a fleet in AWS up, with its rings or only what they need.
func (f awsUp) run(ctx context.Context, u *upRun, timeout time.Duration) error {
	f.account = f.account.of(u.file)
	if f.infrastructure || f.networkOnly || len(u.file.Rings) == 0 {
		return f.bare(ctx, u, timeout)
	}
	c, err := f.open(ctx)
	if err != nil {
		return err
	}
	home, err := remote.New(u.file.Fleet.Name, remote.Record{Account: c.Account, Endpoint: f.endpoint})
	if err != nil {
		return err
	}
	u.ground = &awsGround{away: away{home}, awsUp: f, cloud: c, spec: &u.file.Fleet.Spec}
	return u.run(ctx, timeout)
}

// bare makes the infrastructure and nothing in it.
func (f awsUp) bare(ctx context.Context, u *upRun, timeout time.Duration) error {
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, fmt.Errorf("not done after %s (--timeout); run up again: it goes on from what is there", timeout))
	defer cancel()
	c, err := f.open(ctx)
	if err != nil {
		return err
	}
	u.begin()
	err = f.infrastructureOf(ctx, c, u)
	if err == nil && !f.networkOnly {
		err = writeKubeconfig(ctx, c, u.file.Fleet.Name, &u.file.Fleet.Spec, f.endpoint)
	}
	phases := u.report.Close()
	if err != nil {
		if cause := context.Cause(ctx); cause != nil && !errors.Is(err, cause) {
			err = fmt.Errorf("%w\n%w", err, cause)
		}
		return err
	}
	_, err = fmt.Fprintf(u.out, "\nFleet %s is as the file says: %.1f s, %d calls of AWS's API.\n", u.file.Fleet.Name, sum(phases), c.Calls.Total())
	return err
}

// infrastructureOf makes networks, what connects them, and clusters.
func (f awsUp) infrastructureOf(ctx context.Context, c *aws.Cloud, u *upRun) error {
	wish := aws.Wish{Fleet: u.file.Fleet.Name, Spec: u.file.Fleet.Spec, NetworkOnly: f.networkOnly, Prune: f.prune}
	u.report.Phase("infrastructure planned")
	first, err := c.Plan(ctx, wish)
	if err != nil {
		return err
	}
	if len(first.Plan.Refused) > 0 {
		return fmt.Errorf("nothing was made:\n  %s", strings.Join(first.Plan.Refused, "\n  "))
	}
	u.report.Phase("infrastructure as the file says")
	_, err = c.Up(ctx, wish, time.Now(), func(d *aws.Draft) {
		if len(d.Plan.Steps) > 0 {
			u.report.Line(progress.Subject{}, fmt.Sprintf("%d steps to do", len(d.Plan.Steps)))
		}
	}, infraNews(u.report))
	return err
}

// awsGround is an account of AWS.
type awsGround struct {
	away
	awsUp
	cloud     *aws.Cloud
	spec      *fleetv1.FleetSpec
	endpoints []aws.Endpoint // after raise
	carried   bool           // the images to the nodes, which pull from nowhere; after images
}

func (g *awsGround) raise(ctx context.Context, u *upRun) (func(), error) {
	if err := g.images(ctx, u); err != nil {
		return nil, err
	}
	if err := g.infrastructureOf(ctx, g.cloud, u); err != nil {
		return nil, err
	}
	var err error
	if g.endpoints, err = g.cloud.Endpoints(ctx, g.Name(), g.spec); err != nil {
		return nil, err
	}
	return func() {}, g.save(g.endpoints)
}

// images gives those of this build to a cloud on this machine, whose nodes have no
// registry to pull from. AWS's nodes pull.
func (g *awsGround) images(ctx context.Context, u *upRun) error {
	dir, err := embeddedImages(ctx, g.endpoint)
	if err != nil {
		return err
	}
	if dir == "" && g.spec.ImageRegistry == "" {
		return errors.New("nothing was made: spec.imageRegistry is empty, and this version's images are in no public registry: push them with `ringspan images push REGISTRY` to where the clusters can pull from, and name it there (or say --infrastructure-only)")
	}
	if g.carried = dir != ""; !g.carried {
		return nil
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if self, err = filepath.EvalSymlinks(self); err != nil {
		return err
	}
	d, err := u.cassandra(ctx)
	if err != nil {
		return err
	}
	return distribution.WriteImages(dir, filepath.Dir(self), d)
}

func (g *awsGround) operator(region string) (install.Options, error) {
	o := install.Options{Region: region, EKS: true}
	if r := g.spec.ImageRegistry; r != "" && !g.carried {
		o.Image, o.AgentImage = distribution.ImageIn(r, distribution.OperatorImage), distribution.ImageIn(r, distribution.AgentImage)
	}
	return o, nil
}

// peer is reached at its private address, which peerings and groups lead to; its
// public one may be closed to the regions, or absent.
func (g *awsGround) peer(ctx context.Context, r region, say func(string)) (install.Peer, error) {
	say("making storage class " + install.EBSClass)
	if err := install.Storage(ctx, r.client); err != nil {
		return install.Peer{}, err
	}
	for _, e := range g.endpoints {
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

func (g *awsGround) agent() string { return "" }

func (g *awsGround) summary() string {
	return fmt.Sprintf("%d calls of AWS's API, in account %s.", g.cloud.Calls.Total(), g.cloud.Account)
}

// downAWS deletes a fleet in AWS, and shows that nothing is left. spec may be nil.
func downAWS(ctx context.Context, c *aws.Cloud, name string, spec *fleetv1.FleetSpec, out io.Writer) error {
	report := infraReporter(out, "ringspan down: fleet "+name, spec)
	report.Phase("deleted")
	_, err := c.Down(ctx, name, spec, time.Now(), func(d *aws.Draft) {
		report.Line(progress.Subject{}, fmt.Sprintf("%d steps to do", len(d.Plan.Steps)))
	}, infraNews(report))
	report.Close()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "Fleet %s is down: nothing with its tag is left in any region of account %s.\n", name, c.Account)
	return err
}
