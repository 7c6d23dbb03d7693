package images

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/distribution"
)

func saveCommand() *cobra.Command {
	var bins []string
	var registry string
	cmd := &cobra.Command{
		Use: "save FILE", Short: "Write the images to a file for docker load, ctr image import or kind load image-archive", Args: invocation.One("FILE"),
		Long: `Save writes the images to a tar file that container engines load. It has the
programs of one architecture.`,
		Example: "  ringspan images save ringspan.tar && kind load image-archive ringspan.tar",
		RunE: func(cmd *cobra.Command, args []string) error {
			all, err := build(cmd, bins)
			if err != nil {
				return err
			}
			if err := distribution.SaveImages(args[0], registry, all); err != nil {
				return err
			}
			for _, b := range all {
				if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%s (%s)\n", distribution.ImageIn(registry, b.Name), b.Platforms[0]); err != nil {
					return err
				}
			}
			return nil
		},
	}
	binFlag(cmd, &bins)
	cmd.Flags().StringVar(&registry, "registry", "ringspan", "`REGISTRY` in the images' names")
	return cmd
}
