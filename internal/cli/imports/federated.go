package imports

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/importer"
)

func federatedCommand() *cobra.Command {
	var opts importer.Options
	var output invocation.Output
	cmd := &cobra.Command{
		Use: "federated FILE...", Short: "Turn kubefed's federated objects into Propagations",
		Long: `Federated prints a Propagation for each federated object of kubefed in the files; -
is the standard input. Give FederatedNamespaces, KubeFedClusters and
FederatedTypeConfigs too: placements and kinds are read with them. What can't be
carried over is said on the standard error, by name.

The Propagations are written as a service account of each object's namespace,
which has to be there and have the rights for it.`,
		Example: `  kubectl get federateddeployments,federatednamespaces -A -o yaml > old.yaml
  ringspan import federated old.yaml --service-account deployer --adopt > new.yaml`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fmt.Errorf("%s needs a FILE, or - for the standard input", cmd.CommandPath())
			}
			return nil
		},
		ValidArgsFunction: invocation.CompleteYAML,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := output.Check(cmd); err != nil {
				return err
			}
			objects, err := readAll(cmd.InOrStdin(), args)
			if err != nil {
				return err
			}
			result := importer.Federated(objects, opts)
			for _, note := range result.Notes {
				fmt.Fprintln(cmd.ErrOrStderr(), note)
			}
			if len(result.Propagations) == 0 {
				return errors.New("there is nothing in it that can be carried over")
			}
			form := importer.YAML
			if output.Format == "json" {
				form = importer.JSON
			}
			data, err := form(result.Propagations)
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(data)
			return err
		},
	}
	cmd.Flags().StringVar(&opts.ServiceAccount, "service-account", "propagation", "`NAME` of the service account that the objects are written as")
	cmd.Flags().StringVarP(&opts.Namespace, "namespace", "n", "default", "`NAMESPACE` of Propagations of cluster-wide objects")
	cmd.Flags().BoolVar(&opts.Adopt, "adopt", false, "let the Propagations take over the objects that kubefed has made")
	output.Flag(cmd, "yaml", "json")
	return cmd
}

// readAll reads the objects of files; - is the standard input.
func readAll(stdin io.Reader, files []string) (all []unstructured.Unstructured, err error) {
	for _, file := range files {
		read := func() ([]byte, error) { return os.ReadFile(file) }
		if file == "-" {
			read = func() ([]byte, error) { return io.ReadAll(stdin) }
		}
		data, err := read()
		if err != nil {
			return nil, err
		}
		objects, err := importer.Read(file, data)
		if err != nil {
			return nil, err
		}
		all = append(all, objects...)
	}
	return all, nil
}
