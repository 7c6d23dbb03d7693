package images

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/distribution"
)

// Command is the verb images.
func Command() *cobra.Command {
	cmd := &cobra.Command{
		Use: "images", Short: "Make container images of the operator and the agent, for clusters that pull",
		Long: `Images makes the images of this build's operator and agent. Clusters on this
machine take them as they are; those of AWS pull them from a registry, which
spec.imageRegistry of the Fleet names. No container engine is needed.

Cassandra itself comes from the image that the ring names, cassandra:VERSION
unless it says otherwise.`,
		Args: invocation.None,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(pushCommand(), saveCommand())
	return cmd
}

// binFlag says where the programs are.
func binFlag(cmd *cobra.Command, bins *[]string) {
	cmd.Flags().StringArrayVar(bins, "bin", nil, "`DIR` with ringspan-operator and ringspan-agent; may be repeated, for nodes of other architectures (default: beside this program)")
	_ = cmd.MarkFlagDirname("bin")
}

// build makes the images of the programs in some directories.
func build(cmd *cobra.Command, bins []string) ([]distribution.Built, error) {
	if len(bins) == 0 {
		self, err := os.Executable()
		if err == nil {
			self, err = filepath.EvalSymlinks(self)
		}
		if err != nil {
			return nil, err
		}
		bins = []string{filepath.Dir(self)}
	}
	cache, err := distribution.Cache()
	if err != nil {
		return nil, err
	}
	d, err := distribution.Ensure(cmd.Context(), cache, func(s string) { fmt.Fprintln(cmd.ErrOrStderr(), s) })
	if err != nil {
		return nil, err
	}
	return distribution.BuildImages(bins, d)
}
