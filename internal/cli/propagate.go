package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kube "sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	api "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/propagation/client"
)

// propagateRun is one call of a verb of `propagate`.
type propagateRun struct {
	fleet     *invocation.Fleet
	namespace string
}

func propagateCommand(f *invocation.Fleet) *cobra.Command {
	p := &propagateRun{fleet: f}
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
func (p *propagateRun) regions(cmd *cobra.Command) (all []client.Region, err error) {
	_, regions, err := p.fleet.Running(cmd.Context())
	for _, r := range regions {
		all = append(all, client.Region{Name: r.Name, Kube: r.Client})
	}
	return all, err
}

func (p *propagateRun) namespaceFlag(cmd *cobra.Command, otherwise, what string) {
	cmd.Flags().StringVarP(&p.namespace, "namespace", "n", otherwise, "`NAMESPACE` "+what)
}

func (p *propagateRun) placeCommand() *cobra.Command {
	var q client.Request
	var regions []string
	var selector string
	var everywhere bool
	cmd := &cobra.Command{
		Use: "place KIND/NAME | PROPAGATION", Short: "Say which regions have an object", Args: invocation.One("KIND/NAME, or the name of a PROPAGATION,"),
		Long: `Place says which regions have an object. If there is no Propagation for it yet, one
is made, called KIND-NAME, from the object that a region has: the other regions
follow that one, or, with --template, all of them what it is now. An object that a
region has already is left as it is, unless --adopt says that it may be taken over.
A region that is left out keeps its object, which is nobody's then.

The object is written as a service account of its namespace, which has to be there,
have the rights for it, and let the operator act as it, in each region.`,
		Example: `  ringspan propagate place configmap/front -n shop --all
  ringspan propagate place deployments.apps/front -n shop --regions eu-west-1,eu-central-1 --template --adopt
  ringspan propagate place deployment-front -n shop --regions eu-west-1`,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if q.Placement, err = placementOf(cmd, regions, selector, everywhere); err != nil {
				return invocation.Usage(cmd, err)
			}
			q.Namespace, q.Name = p.namespace, args[0]
			if kind, name, both := strings.Cut(args[0], "/"); both {
				q.Kind, q.Name = kind, name
			}
			all, err := p.regions(cmd)
			if err != nil {
				return err
			}
			said, err := client.Place(cmd.Context(), all, q)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), said)
			return err
		},
	}
	p.namespaceFlag(cmd, "default", "of the Propagation and its object")
	cmd.Flags().StringSliceVar(&regions, "regions", nil, "`REGIONS` that have it, separated by commas; \"\" for none")
	cmd.Flags().StringVarP(&selector, "selector", "l", "", "regions by `LABELS` of the operator's namespace, as tier=edge")
	cmd.Flags().BoolVar(&everywhere, "all", false, "all regions, those that come later too")
	cmd.MarkFlagsMutuallyExclusive("regions", "selector", "all")
	cmd.Flags().StringVar(&q.Account, "service-account", "propagation", "`NAME` of the service account that a new Propagation names")
	cmd.Flags().StringVar(&q.From, "from", "", "make a new Propagation of the object of this `REGION` (default: the first that has it)")
	cmd.Flags().BoolVar(&q.Template, "template", false, "make a new Propagation with the object as it is now as its template")
	cmd.Flags().BoolVar(&q.Adopt, "adopt", false, "let a new Propagation take over objects of the name that regions have already")
	return cmd
}

// placementOf reads the flags; just one of them is given.
func placementOf(cmd *cobra.Command, regions []string, selector string, everywhere bool) (api.Placement, error) {
	switch {
	case cmd.Flags().Changed("regions"):
		names := append([]string{}, regions...)
		return api.Placement{Regions: &names}, nil
	case selector != "":
		parsed, err := metav1.ParseToLabelSelector(selector)
		return api.Placement{RegionSelector: parsed}, err
	case everywhere:
		return api.Placement{RegionSelector: &metav1.LabelSelector{}}, nil
	}
	return api.Placement{}, errors.New("which regions? --regions, --selector or --all says it")
}

func (p *propagateRun) statusCommand() *cobra.Command {
	var output invocation.Output
	cmd := &cobra.Command{
		Use: "status [PROPAGATION]", Short: "Show what each region made of Propagations", Args: cobra.MaximumNArgs(1),
		Long: `Status shows a line for each Propagation and region, with the reason when a region
hasn't what it should. What a region says of itself counts; of one that doesn't
answer is told what the others say.`,
		Example: "  ringspan propagate status\n  ringspan propagate status configmap-front -n shop -o json",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := output.Check(cmd); err != nil {
				return err
			}
			regions, err := p.regions(cmd)
			if err != nil {
				return err
			}
			rows, away, err := client.Status(cmd.Context(), regions, p.namespace, strings.Join(args, ""))
			if err != nil {
				return err
			}
			for _, err := range away {
				fmt.Fprintln(cmd.ErrOrStderr(), err)
			}
			return printRows(cmd, output.Format, rows)
		},
	}
	p.namespaceFlag(cmd, "", "of the Propagations (default: all)")
	output.Flag(cmd, "table", "json", "yaml")
	return cmd
}

func printRows(cmd *cobra.Command, output string, rows []client.Row) error {
	switch output {
	case "json":
		return invocation.PrintJSON(cmd.OutOrStdout(), rows)
	case "yaml":
		data, err := yaml.Marshal(rows)
		if err == nil {
			_, err = cmd.OutOrStdout().Write(data)
		}
		return err
	}
	return client.Table(cmd.OutOrStdout(), rows)
}

func (p *propagateRun) orphanCommand() *cobra.Command {
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
func (p *propagateRun) orphan(cmd *cobra.Command, regions []client.Region, name kube.ObjectKey, policy api.DeletionPolicy) error {
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
