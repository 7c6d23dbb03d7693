package cli

import (
	"encoding/json"
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/version"
)

func versionCommand() *cobra.Command {
	var output invocation.Output
	cmd := &cobra.Command{
		Use: "version", Short: "Print the versions of ringspan and of what it brings", Args: invocation.None,
		Long:    "Version prints the version of this program, and those of Cassandra and Kubernetes that\nthe embedded cloud runs.",
		Example: "  ringspan version\n  ringspan version -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := output.Check(cmd); err != nil {
				return err
			}
			v := version.Get()
			if output.Format == "json" {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(v)
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "ringspan %s (Cassandra %s, Kubernetes %s, %s %s/%s)\n", v.Ringspan, v.Cassandra, v.Kubernetes, v.Go, runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
	output.Flag(cmd, "text", "json")
	return cmd
}
