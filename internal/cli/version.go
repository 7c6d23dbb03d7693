package cli

import (
	"encoding/json"
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/ringspan/ringspan/internal/version"
)

func versionCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use: "version", Short: "Print the versions of ringspan and of what it brings", Args: none,
		Long:    "Version prints the version of this program, and those of Cassandra and Kubernetes that\nthe embedded cloud runs.",
		Example: "  ringspan version\n  ringspan version -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := oneOf(cmd, "-o", output, "text", "json"); err != nil {
				return err
			}
			v := version.Get()
			if output == "json" {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(v)
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "ringspan %s (Cassandra %s, Kubernetes %s, %s %s/%s)\n", v.Ringspan, v.Cassandra, v.Kubernetes, v.Go, runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
	outputFlag(cmd, &output, "text", "json")
	return cmd
}
