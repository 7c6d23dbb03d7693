package aws

import (
	"context"

	"github.com/ringspan/ringspan/internal/fleet/aws/login"
)

// Token logs in to a cluster as whom the credentials are. It is a secret.
func (c *Cloud) Token(ctx context.Context, region, cluster string) (string, error) {
	return login.Token(ctx, c.config, region, cluster)
}
