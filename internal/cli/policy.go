package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/fleet/inventory"
)

func policyCommand() *cobra.Command {
	var partition string
	cmd := &cobra.Command{
		Use: "policy FLEET", Short: "Print the least IAM policy with which a fleet can be run in AWS", Args: invocation.One("name of a FLEET"),
		Long: `Policy prints the IAM policy that plan, up, doctor, gc and down need for one fleet,
and no more. It is derived from the calls that this program can make: a call that
isn't in the policy isn't in the program. Nobody is asked.`,
		Example: "  ringspan policy article > policy.json",
		RunE: func(cmd *cobra.Command, args []string) error {
			data, err := inventory.Unasked(partition).Policy(args[0])
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\n", data)
			return err
		},
	}
	cmd.Flags().StringVar(&partition, "partition", "aws", "`PARTITION` of AWS: aws, aws-cn or aws-us-gov")
	return cmd
}
