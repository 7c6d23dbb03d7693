package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/cli/progress"
	"github.com/ringspan/ringspan/internal/fleet"
	"github.com/ringspan/ringspan/internal/fleet/inventory"
)

// account is how the verbs that speak to AWS reach it.
type account struct{ inventory.Account }

func (a *account) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&a.Endpoint, strings.TrimLeft(inventory.EndpointFlag, "-"), "", "`URL` of another cloud that answers AWS's API, such as ringspan-local serve (default: AWS, or $AWS_ENDPOINT_URL)")
}

// load reads a file for a verb that looks at its account or changes it.
func load(o *options, path string) (*fleet.File, error) {
	file, err := fleet.Load(path)
	if err == nil && o.fleet != "" && o.fleet != file.Fleet.Name {
		err = fmt.Errorf("--fleet %s: the fleet in %s is %s", o.fleet, path, file.Fleet.Name)
	}
	return file, err
}

// unpaid says why a fleet of another provider than AWS costs nothing.
func unpaid(p fleetv1.Provider) string {
	if p == fleetv1.ProviderExisting {
		return "it makes nothing that costs"
	}
	return "on this machine a fleet costs nothing"
}

// loadAWS is load for a verb that has nothing to do on this machine.
func loadAWS(o *options, verb, path string) (*fleet.File, error) {
	file, err := load(o, path)
	if err == nil && file.Fleet.Spec.Provider != fleetv1.ProviderAWS {
		err = fmt.Errorf("%s: spec.provider is %s, and %s is for aws: %s", path, file.Fleet.Spec.Provider, verb, unpaid(file.Fleet.Spec.Provider))
	}
	return file, err
}

func completeYAML(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
}

// reporter shows what is done to the fleet's infrastructure.
func infraReporter(out io.Writer, title string, spec *fleetv1.FleetSpec) *progress.Reporter {
	var names []string
	if spec != nil {
		for _, r := range spec.Regions {
			names = append(names, r.Name)
		}
	}
	return progress.New(progress.Options{Out: out, Title: title, Regions: names})
}
