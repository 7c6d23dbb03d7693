package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/internal/cli/progress"
	"github.com/ringspan/ringspan/internal/distribution"
	"github.com/ringspan/ringspan/internal/fleet"
	"github.com/ringspan/ringspan/internal/fleet/local"
	"github.com/ringspan/ringspan/internal/install"
	"github.com/ringspan/ringspan/internal/ringstatus"
)

// upRun is one run of `up`.
type upRun struct {
	file   *fleet.File
	cloud  *local.Cloud
	print  *progress.Printer
	status local.Status
	phases []phase
	last   time.Time
}

// phase is how long a part of it took.
type phase struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
}

func upCommand(o *options) *cobra.Command {
	var timeout time.Duration
	var output string
	cmd := &cobra.Command{
		Use: "up FILE", Short: "Bring a fleet and its rings up, from whatever there is", Args: cobra.ExactArgs(1),
		Long: `Up reads a file with one Fleet, the K8ssandraClusters that live in it and the
Secrets that they name, checks all of it, and makes it so: networks, clusters, the
operator in every region, the rings.

It may be interrupted or killed at any moment, and run again: it goes on from what
is there. When everything is as the file says, it changes nothing.`,
		Example: "  ringspan up examples/article.yaml\n  ringspan up examples/article.yaml -o json",
		RunE: func(cmd *cobra.Command, args []string) error {
			if output != "text" && output != "json" {
				return fmt.Errorf("-o %s: text and json are what there is", output)
			}
			ctx, cancel := context.WithTimeoutCause(cmd.Context(), timeout, fmt.Errorf("not ready after %s (--timeout); it goes on in the background, look with `ringspan status`", timeout))
			defer cancel()
			file, err := fleet.Load(args[0])
			if err != nil {
				return err
			}
			log := cmd.OutOrStdout()
			if output == "json" {
				log = cmd.ErrOrStderr()
			}
			run := &upRun{file: file, print: progress.New(log, time.Now()), last: time.Now()}
			if run.cloud, err = local.New(file.Fleet.Name); err != nil {
				return err
			}
			err = run.up(ctx)
			run.print.Done()
			if err != nil {
				if cause := context.Cause(ctx); cause != nil && cmd.Context().Err() == nil {
					return fmt.Errorf("%w: %w", cause, err)
				}
				return err
			}
			return run.finish(cmd.Context(), cmd.OutOrStdout(), output)
		},
	}
	cmd.Flags().DurationVar(&timeout, "timeout", 15*time.Minute, "how long to wait for the rings")
	cmd.Flags().StringVarP(&output, "output", "o", "text", "text or json")
	return cmd
}

func (u *upRun) phase(name string) {
	now := time.Now()
	u.phases = append(u.phases, phase{name, now.Sub(u.last).Seconds()})
	u.last = now
}

func (u *upRun) up(ctx context.Context) error {
	unlock, err := u.cloud.Lock()
	if err != nil {
		return err
	}
	defer unlock()
	if err := checkMachine(); err != nil {
		return err
	}
	cache, err := distribution.Cache()
	if err != nil {
		return err
	}
	d, err := distribution.Ensure(ctx, cache, func(s string) { u.print.Line("%s", s) })
	if err != nil {
		return err
	}
	u.phase("Cassandra in the cache")
	u.print.Wait("embedded cloud", "its networks and Kubernetes clusters")
	if err := u.cloud.Up(ctx, u.file, d, u.event); err != nil {
		return err
	}
	if u.status, err = u.cloud.Status(ctx); err != nil {
		return err
	}
	u.phase("clusters ready")
	all, err := regions(u.cloud)
	if err != nil {
		return err
	}
	if err := u.install(ctx, all); err != nil {
		return err
	}
	u.phase("operators installed")
	for i := range u.file.Rings {
		if err := u.ring(ctx, all, &u.file.Rings[i]); err != nil {
			return err
		}
	}
	u.phase("rings ready")
	return nil
}

func (u *upRun) event(e local.Event) {
	where := ""
	if e.Region != "" {
		where = e.Region + ": "
	}
	u.print.Line("%s%s%s", where, e.Message, e.Error)
}

// install puts the operator into every region, and then makes the regions known
// to each other.
func (u *upRun) install(ctx context.Context, all []region) error {
	group, each := errgroup.WithContext(ctx)
	for _, r := range all {
		group.Go(func() error {
			return install.Apply(each, r.client, install.Options{Region: r.name}, func(s string) { u.print.Wait(r.name, s) })
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	peers := make([]install.Peer, len(all))
	group, each = errgroup.WithContext(ctx)
	for i, r := range all {
		group.Go(func() error {
			token, ca, err := install.PeerToken(each, r.client, "")
			if err != nil {
				return fmt.Errorf("region %s: %w", r.name, err)
			}
			peers[i] = install.Peer{Region: r.name, Server: u.internalServer(r.name), CA: ca, Token: token}
			if len(ca) == 0 {
				peers[i].CA = r.config.CAData
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, r := range all {
		for _, p := range peers {
			if p.Region == r.name {
				continue
			}
			objects, err := install.PeerObjects("", p)
			if err != nil {
				return err
			}
			if err := install.ApplyObjects(ctx, r.client, objects...); err != nil {
				return fmt.Errorf("region %s: %w", r.name, err)
			}
		}
	}
	u.print.Line("operators installed, regions know each other")
	return nil
}

func (u *upRun) internalServer(region string) string {
	for _, r := range u.status.Regions {
		if r.Name == region {
			return r.InternalServer
		}
	}
	return ""
}

// ring applies a ring and its Secrets to one region, from where the others pull
// it, and waits until it is ready.
func (u *upRun) ring(ctx context.Context, all []region, ring *fleet.Ring) error {
	home := homeRegion(all, ring)
	if err := ensureNamespace(ctx, home.client, ring.Namespace); err != nil {
		return err
	}
	for i := range u.file.Secrets {
		s := u.file.Secrets[i].DeepCopy()
		s.APIVersion, s.Kind = "v1", "Secret"
		for k, v := range s.StringData { // as the API server would, so that applying it again changes nothing
			if s.Data == nil {
				s.Data = map[string][]byte{}
			}
			s.Data[k] = []byte(v)
		}
		s.StringData = nil
		if err := install.ApplyObjects(ctx, home.client, s); err != nil {
			return err
		}
	}
	object := ring.Object.DeepCopy()
	err := home.client.Apply(ctx, client.ApplyConfigurationFromUnstructured(object), client.FieldOwner("ringspan-cli"), client.ForceOwnership)
	if err != nil {
		return fmt.Errorf("ring %s: %w", ring.Name, err)
	}
	u.print.Line("ring %s applied in %s", ring.Name, home.name)
	return u.awaitRing(ctx, all, home, ring)
}

// homeRegion is where a ring is applied: the region of its first datacenter.
func homeRegion(all []region, ring *fleet.Ring) region {
	for _, r := range all {
		if ring.Spec.Cassandra.Datacenters[0].K8sContext == r.name {
			return r
		}
	}
	return all[0]
}

func ensureNamespace(ctx context.Context, c client.Client, name string) error {
	ns := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": name}}}
	return c.Apply(ctx, client.ApplyConfigurationFromUnstructured(ns), client.FieldOwner("ringspan-cli"))
}

// finish shows the ring and what to try next.
func (u *upRun) finish(ctx context.Context, out io.Writer, output string) error {
	all, err := regions(u.cloud)
	if err != nil {
		return err
	}
	statuses, err := gather(ctx, all)
	if err != nil {
		return err
	}
	if output == "json" {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(map[string]any{"fleet": u.file.Fleet.Name, "phases": u.phases, "rings": statuses, "kubeconfig": u.cloud.Kubeconfig()})
	}
	fmt.Fprintln(out)
	for _, s := range statuses {
		if err := ringstatus.Render(out, s); err != nil {
			return err
		}
	}
	fmt.Fprintln(out)
	total := 0.0
	for _, p := range u.phases {
		fmt.Fprintf(out, "%7.1fs  %s\n", p.Seconds, p.Name)
		total += p.Seconds
	}
	_, err = fmt.Fprintf(out, `%7.1fs  in all

Try next:
  ringspan status --watch
  ringspan cql -e "SELECT cluster_name, data_center FROM system.local"
  ringspan nodetool -- status
  export KUBECONFIG=$(ringspan kubeconfig) && kubectl --context %s get nodes,pods,svc,pvc -A -o wide
  ringspan down
`, total, all[0].name)
	return err
}

var errNoRing = errors.New("the ring is not there yet")
