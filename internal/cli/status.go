package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/ringstatus"
)

func statusCommand(o *options) *cobra.Command {
	var output string
	var watch bool
	cmd := &cobra.Command{
		Use: "status", Short: "Show the fleet's rings, like nodetool status", Args: cobra.NoArgs,
		Long: `Status asks the nodes of every region and shows each ring: its nodes with state,
load, tokens and effective ownership. A region that can't be reached is named; what
the others see of its nodes is shown. -o json is a stable, documented shape.`,
		Example: "  ringspan status\n  ringspan status --watch\n  ringspan status -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, all, err := o.running(cmd.Context())
			if err != nil {
				return err
			}
			if !watch {
				return showStatus(cmd.Context(), cmd.OutOrStdout(), all, output)
			}
			return watchStatus(cmd.Context(), cmd.OutOrStdout(), all, output)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "table", "table, json or yaml")
	cmd.Flags().BoolVarP(&watch, "watch", "w", false, "show it again every two seconds")
	return cmd
}

func watchStatus(ctx context.Context, out io.Writer, all []region, output string) error {
	tick := time.NewTicker(2 * time.Second)
	defer tick.Stop()
	for {
		var screen bytes.Buffer
		if err := showStatus(ctx, &screen, all, output); err != nil && ctx.Err() == nil {
			return err
		}
		if output == "table" {
			fmt.Fprint(out, "\x1b[H\x1b[2J", time.Now().Format("15:04:05"), "\n")
		}
		if _, err := screen.WriteTo(out); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func showStatus(ctx context.Context, out io.Writer, all []region, output string) error {
	statuses, err := gather(ctx, all)
	if err != nil {
		return err
	}
	switch output {
	case "json":
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(map[string]any{"rings": statuses})
	case "yaml":
		data, err := yaml.Marshal(map[string]any{"rings": statuses})
		if err != nil {
			return err
		}
		_, err = out.Write(data)
		return err
	case "table":
		if len(statuses) == 0 {
			_, err := fmt.Fprintln(out, "No ring is in this fleet.")
			return err
		}
		for _, s := range statuses {
			if err := ringstatus.Render(out, s); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("-o %s: table, json and yaml are what there is", output)
}

// regionFacts is what one region's API server and nodes say.
type regionFacts struct {
	region region
	err    error
	rings  []k8ssandra.K8ssandraCluster
	dcs    []cassandra.CassandraDatacenter
	views  map[string]ringstatus.View // by ring
}

// askTimeout bounds what one region may take.
const askTimeout = 8 * time.Second

// gather asks all regions at once and joins what they say.
func gather(ctx context.Context, all []region) ([]ringstatus.Status, error) {
	facts := make([]regionFacts, len(all))
	var group sync.WaitGroup
	for i, r := range all {
		group.Go(func() {
			ask, cancel := context.WithTimeout(ctx, askTimeout)
			defer cancel()
			facts[i] = askRegion(ask, r)
		})
	}
	group.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return join(facts)
}

func askRegion(ctx context.Context, r region) regionFacts {
	f := regionFacts{region: r, views: map[string]ringstatus.View{}}
	var rings k8ssandra.K8ssandraClusterList
	if f.err = r.client.List(ctx, &rings); f.err != nil {
		return f
	}
	var dcs cassandra.CassandraDatacenterList
	if f.err = r.client.List(ctx, &dcs); f.err != nil {
		return f
	}
	f.rings, f.dcs = rings.Items, dcs.Items
	for i := range f.dcs {
		dc := &f.dcs[i]
		if v, ok := viewFrom(ctx, r, dc); ok {
			f.views[dc.Spec.ClusterName] = v
		}
	}
	return f
}

// viewFrom asks the first node of a datacenter that answers.
func viewFrom(ctx context.Context, r region, dc *cassandra.CassandraDatacenter) (v ringstatus.View, ok bool) {
	var pods corev1.PodList
	if err := r.client.List(ctx, &pods, client.InNamespace(dc.Namespace), client.MatchingLabels{cassandra.DatacenterLabel: dc.Name}); err != nil {
		return v, false
	}
	v.Pods = map[string]string{}
	for _, p := range pods.Items {
		v.Pods[p.Status.PodIP] = p.Name
	}
	for _, p := range pods.Items {
		node, err := podAgent(r, p.Namespace, p.Name)
		if err != nil {
			continue
		}
		if v.Endpoints, err = node.Endpoints(ctx); err != nil {
			continue
		}
		v.Ownership, _ = node.Ownership(ctx, "") // absent early in the boot
		return v, true
	}
	return v, len(pods.Items) > 0
}

// podAgent reaches a pod's agent through the API server.
func podAgent(r region, namespace, pod string) (*mgmtapi.Client, error) {
	httpClient, err := rest.HTTPClientFor(r.config)
	if err != nil {
		return nil, err
	}
	httpClient.Timeout = askTimeout
	base := fmt.Sprintf("%s/api/v1/namespaces/%s/pods/%s:8080/proxy", r.config.Host, namespace, pod)
	return mgmtapi.New(base, &http.Client{Transport: httpClient.Transport, Timeout: askTimeout}), nil
}

// join makes one status a ring. Nobody answering at all is an error.
func join(facts []regionFacts) ([]ringstatus.Status, error) {
	var out []ringstatus.Status
	byName := map[string]int{}
	var failed error
	answered := false
	for _, f := range facts {
		if f.err != nil {
			failed = fmt.Errorf("region %s: %w", f.region.name, f.err)
			continue
		}
		answered = true
		for i := range f.rings {
			k := &f.rings[i]
			key := k.Namespace + "/" + k.Name
			at, there := byName[key]
			if !there {
				at, byName[key] = len(out), len(out)
				out = append(out, ringstatus.Status{Ring: k.Name, Namespace: k.Namespace, Ready: true})
				describe(&out[at], k, facts)
			}
			if c := k.Status.Condition(k8ssandra.ClusterReady); c == nil || c.Status != corev1.ConditionTrue {
				out[at].Ready = false
				if c != nil {
					out[at].Message = c.Message
				}
			}
		}
	}
	if !answered {
		return nil, failed
	}
	return out, nil
}

// describe fills in the datacenters, nodes and regions of a ring.
func describe(s *ringstatus.Status, k *k8ssandra.K8ssandraCluster, facts []regionFacts) {
	cluster := k.Name
	if k.Spec.Cassandra != nil && k.Spec.Cassandra.ClusterName != "" {
		cluster = k.Spec.Cassandra.ClusterName
	}
	var views []ringstatus.View
	for _, f := range facts {
		r := ringstatus.Region{Name: f.region.name, Reachable: f.err == nil}
		if f.err != nil {
			r.Message = f.err.Error()
		}
		s.Regions = append(s.Regions, r)
		if v, ok := f.views[cluster]; ok {
			views = append(views, v)
		}
	}
	if k.Spec.Cassandra != nil {
		for _, t := range k.Spec.Cassandra.Datacenters {
			s.Datacenters = append(s.Datacenters, datacenterOf(t, facts))
		}
	}
	s.Nodes, s.Keyspace = ringstatus.Nodes(views)
	s.Summarize()
	for _, p := range k.Status.Peers {
		if !p.Reachable {
			s.Message = fmt.Sprintf("region %s is unreachable since %s", p.Region, p.Since.UTC().Format(time.RFC3339))
		}
	}
}

func datacenterOf(t k8ssandra.CassandraDatacenterTemplate, facts []regionFacts) ringstatus.Datacenter {
	name := t.Metadata.Name
	if t.DatacenterName != "" {
		name = t.DatacenterName
	}
	d := ringstatus.Datacenter{Name: name, Region: t.K8sContext, Size: int(t.Size)}
	for _, f := range facts {
		for i := range f.dcs {
			if f.dcs[i].Name == t.Metadata.Name {
				d.Ready = f.dcs[i].Status.IsTrue(cassandra.DatacenterReady)
				if !d.Ready {
					d.Message = datacenterNews(&f.dcs[i])
				}
			}
		}
	}
	return d
}
