package propagate

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	kube "sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/cli/progress"
	"github.com/ringspan/ringspan/internal/propagation/client"
)

// orphaning is how `orphan` sets a policy.
type orphaning struct {
	wait    bool // for all regions
	timeout time.Duration
}

func (p *call) orphanCommand() *cobra.Command {
	var o orphaning
	cmd := &cobra.Command{
		Use: "orphan enable|disable|status PROPAGATION", Short: "Say whether objects stay when their Propagation is deleted",
		Long: `Orphan says what the deletion of a Propagation does to the objects of all regions:
enable has them stay, as nobody's; disable has them deleted; status tells which.

The change is written in one region, and the others follow. Orphan waits until the
copies of all regions show it, and names those that don't, or don't answer, when the
time is over; what was written stays then, and they follow when they can.`,
		Example: "  ringspan propagate orphan enable configmap-front -n shop\n  kubectl delete propagation configmap-front -n shop",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return fmt.Errorf("%s needs enable, disable or status, and the name of a Propagation", cmd.CommandPath())
			}
			return nil
		},
		ValidArgs: []string{"enable", "disable", "status"},
		RunE: func(cmd *cobra.Command, args []string) error {
			policy, known := map[string]api.DeletionPolicy{"enable": api.DeletionOrphan, "disable": api.DeletionDelete, "status": ""}[args[0]]
			if !known {
				return invocation.Usage(cmd, fmt.Errorf("orphan %q: there are enable, disable and status", args[0]))
			}
			regions, err := p.regions(cmd)
			if err != nil {
				return err
			}
			return p.orphan(cmd, o, regions, kube.ObjectKey{Namespace: p.namespace, Name: args[1]}, policy)
		},
	}
	p.namespaceFlag(cmd, "default", "of the Propagation")
	cmd.Flags().DurationVar(&o.timeout, "timeout", time.Minute, "give up after `TIME`, such as 90s or 10m")
	cmd.Flags().BoolVar(&o.wait, "wait", true, "wait until all regions show it; --wait=false returns when it is written in one")
	return cmd
}

// orphan tells the policy, or sets another one.
func (p *call) orphan(cmd *cobra.Command, o orphaning, regions []client.Region, name kube.ObjectKey, policy api.DeletionPolicy) error {
	if policy == "" {
		is, err := client.Orphaning(cmd.Context(), regions, name)
		if err != nil {
			return err
		}
		said := map[api.DeletionPolicy]string{api.DeletionOrphan: "Enabled", api.DeletionDelete: "Disabled"}[is]
		_, err = fmt.Fprintln(cmd.OutOrStdout(), said)
		return err
	}
	region, err := client.SetOrphaning(cmd.Context(), regions, name, policy)
	if err != nil {
		return err
	}
	follow := "the others follow"
	if o.wait {
		if err := o.await(cmd, regions, name, policy, region); err != nil {
			return err
		}
		follow = "and all regions show it"
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "propagation %s: its deletion will %s the objects; written in region %s, %s\n", name, strings.ToLower(string(policy)), region, follow)
	return err
}

// await waits for all regions, and shows how that goes on standard error.
func (o orphaning) await(cmd *cobra.Command, regions []client.Region, name kube.ObjectKey, policy api.DeletionPolicy, written string) error {
	var names []string
	for _, r := range regions {
		names = append(names, r.Name)
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), o.timeout)
	defer cancel()
	shown := progress.New(progress.Options{Out: cmd.ErrOrStderr(), Title: "ringspan propagate orphan: " + name.String(), Regions: names})
	err := everywhere(ctx, regions, name, policy, shown)
	shown.Close()
	if err != nil {
		return fmt.Errorf("propagation %s: written in region %s, where it stays, but not all regions show it after %s (--timeout):\n%w\nThey follow when they can; the same command, run again, looks again", name, written, o.timeout, err)
	}
	return nil
}
