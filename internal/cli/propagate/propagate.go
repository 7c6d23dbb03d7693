package propagate

import (
	"github.com/spf13/cobra"

	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/propagation/client"
)

// call is one call of a verb of `propagate`.
type call struct {
	fleet     *invocation.Fleet
	namespace string
}

// Command is the verb propagate.
func Command(f *invocation.Fleet) *cobra.Command {
	p := &call{fleet: f}
	cmd := &cobra.Command{
		Use: "propagate", Short: "Have a Kubernetes object in several regions",
		Long: `Propagate works on Propagations: objects of any kind that several regions have, each
with its own changes. What is said in one region holds in all; a region that does
not answer follows when it is back. docs/guide/propagation.md has the rest.`,
		Args: invocation.None,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(p.placeCommand(), p.statusCommand(), p.orphanCommand())
	return cmd
}

// regions are the fleet's.
func (p *call) regions(cmd *cobra.Command) (all []client.Region, err error) {
	_, regions, err := p.fleet.Running(cmd.Context())
	for _, r := range regions {
		all = append(all, client.Region{Name: r.Name, Kube: r.Client})
	}
	return all, err
}

func (p *call) namespaceFlag(cmd *cobra.Command, otherwise, what string) {
	cmd.Flags().StringVarP(&p.namespace, "namespace", "n", otherwise, "`NAMESPACE` "+what)
}
