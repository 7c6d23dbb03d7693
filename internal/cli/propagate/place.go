package propagate

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/propagation/client"
)

func (p *call) placeCommand() *cobra.Command {
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
