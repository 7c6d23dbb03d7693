package invocation

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/ringspan/ringspan/internal/fleet/inventory"
)

// Account is how the verbs that speak to AWS reach it.
type Account struct{ inventory.Account }

// Flag adds --endpoint.
func (a *Account) Flag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&a.Endpoint, strings.TrimLeft(inventory.EndpointFlag, "-"), "", "`URL` of another cloud that answers AWS's API, such as ringspan-local serve (default: AWS, or $AWS_ENDPOINT_URL)")
}
