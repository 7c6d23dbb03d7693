package cli

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/fleet/aws/login"
)

func tokenCommand() *cobra.Command {
	var a invocation.Account
	var region, cluster string
	cmd := &cobra.Command{
		Use: "token", Short: "Log in to a cluster in AWS: a credential for kubectl", Args: invocation.None,
		Long: `Token prints a credential for kubectl, made from the AWS credentials of whoever
runs it; it is valid for some minutes. The kubeconfig that up writes for a fleet in
AWS calls it, so that neither the aws program nor a stored secret is needed.`,
		Example: "  ringspan token --region eu-west-1 --cluster article-eu-west-1",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.Connect(cmd.Context(), region)
			if err != nil {
				return err
			}
			now := time.Now()
			token, err := c.Token(cmd.Context(), region, cluster)
			if err != nil {
				return err
			}
			return login.Print(cmd.OutOrStdout(), token, now)
		},
	}
	a.Flag(cmd)
	cmd.Flags().StringVar(&region, "region", "", "`REGION` of the cluster")
	cmd.Flags().StringVar(&cluster, "cluster", "", "`NAME` of the cluster")
	_ = cmd.MarkFlagRequired("region")
	_ = cmd.MarkFlagRequired("cluster")
	return cmd
}
