package propagate

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	kube "sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/propagation/client"
)

func (p *call) orphanCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "orphan enable|disable|status PROPAGATION", Short: "Say whether objects stay when their Propagation is deleted",
		Long: `Orphan says what the deletion of a Propagation does to the objects of all regions:
enable has them stay, as nobody's; disable has them deleted; status tells which.`,
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
			return p.orphan(cmd, regions, kube.ObjectKey{Namespace: p.namespace, Name: args[1]}, policy)
		},
	}
	p.namespaceFlag(cmd, "default", "of the Propagation")
	return cmd
}

// orphan tells the policy, or sets another one.
func (p *call) orphan(cmd *cobra.Command, regions []client.Region, name kube.ObjectKey, policy api.DeletionPolicy) error {
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
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "propagation %s: its deletion will %s the objects; written in region %s, the others follow\n", name, strings.ToLower(string(policy)), region)
	return err
}
