package main

import (
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringspan/ringspan/internal/fleet/aws/login"
)

// tokenCommand is what the operator's clients of other regions call for a
// credential, in clusters of EKS.
func tokenCommand() *cobra.Command {
	var region, cluster string
	cmd := &cobra.Command{
		Use: "token", Short: "Log in to a cluster of EKS with this pod's role", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := login.OfPod(os.Getenv)
			if err != nil {
				return err
			}
			now := time.Now()
			token, err := login.Token(cmd.Context(), config, region, cluster)
			if err != nil {
				return err
			}
			return login.Print(cmd.OutOrStdout(), token, now)
		},
	}
	cmd.Flags().StringVar(&region, "region", "", "region of the cluster")
	cmd.Flags().StringVar(&cluster, "cluster", "", "name of the cluster")
	_ = cmd.MarkFlagRequired("region")
	_ = cmd.MarkFlagRequired("cluster")
	return cmd
}
