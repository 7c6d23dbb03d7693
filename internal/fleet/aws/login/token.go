package login

import (
	"context"
	"encoding/base64"
	"fmt"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// A token of EKS is a signed request to ask who is asking, which the cluster's
// API server sends on to STS.
const (
	tokenPrefix   = "k8s-aws-v1."
	clusterHeader = "x-k8s-aws-id"
	// signedFor is how long the request may be sent on, in seconds.
	signedFor = "60"
	// TokenLife is how long EKS takes a token after it was signed, less a minute.
	TokenLife = 14 * time.Minute
)

// Token logs in to a cluster as whom the credentials are. It is a secret. Nobody
// is asked, but for the credentials.
func Token(ctx context.Context, config awssdk.Config, region, cluster string) (string, error) {
	client := sts.NewFromConfig(config, func(o *sts.Options) { o.Region = region })
	signed, err := sts.NewPresignClient(client).PresignGetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}, func(p *sts.PresignOptions) {
		p.ClientOptions = append(p.ClientOptions, func(o *sts.Options) {
			o.APIOptions = append(o.APIOptions,
				smithyhttp.SetHeaderValue(clusterHeader, cluster),
				expires)
		})
	})
	if err != nil {
		return "", fmt.Errorf("signing a token for cluster %s in %s: %w", cluster, region, err)
	}
	return tokenPrefix + base64.RawURLEncoding.EncodeToString([]byte(signed.URL)), nil
}

// expires puts the life of the signature where the signer takes it from.
func expires(stack *middleware.Stack) error {
	return stack.Build.Add(middleware.BuildMiddlewareFunc("RingspanExpires", func(ctx context.Context, in middleware.BuildInput, next middleware.BuildHandler) (middleware.BuildOutput, middleware.Metadata, error) {
		if r, ok := in.Request.(*smithyhttp.Request); ok {
			q := r.URL.Query()
			q.Set("X-Amz-Expires", signedFor)
			r.URL.RawQuery = q.Encode()
		}
		return next.HandleBuild(ctx, in)
	}), middleware.After)
}
