package aws

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	sdklog "github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/fleet/aws/body"
	"github.com/ringspan/ringspan/internal/fleet/aws/desired"
	"github.com/ringspan/ringspan/internal/fleet/cost"
	"github.com/ringspan/ringspan/internal/fleet/infra"
	"github.com/ringspan/ringspan/internal/fleet/provision"
)

// attempts of one call that is throttled or cut off.
const attempts = 10

// connections that are kept open to one host: many calls are under way at once.
const connections = 64

// Options say which cloud, and how it is reached.
type Options struct {
	Region   string            // where what belongs to no region is asked
	Endpoint string            // of another cloud that answers AWS's API; "" is AWS, or AWS_ENDPOINT_URL
	Keys     Keys              // none: as every AWS program finds them
	Name     string            // of the other cloud, in sentences; "" is AWS
	HTTP     http.RoundTripper // nil is the SDK's own
	Pause    Pause             // between questions about what takes time; nil is RealPause
	Backoff  time.Duration     // longest pause between attempts of a throttled call; 0 is the SDK's 20 s
}

// Keys are an access key.
type Keys struct{ ID, Secret string }

// Cloud is an account of AWS as the fleet sees it.
type Cloud struct {
	Calls *Calls
	IAM   IAM
	STS   STS

	account   string // its number
	partition string // aws, aws-cn or aws-us-gov
	caller    string // ARN of the credentials

	config awssdk.Config
	url    string // "" is AWS itself, or $AWS_ENDPOINT_URL
	keys   Keys
	name   string
	home   string
	pause  Pause

	mu      sync.Mutex
	regions map[string]*regional
}

// regional are the services of one region.
type regional struct {
	name   string
	ec2    EC2
	eks    EKS
	ssm    SSM
	quotas Quotas
}

// Open is Connect that asks who the credentials are.
func Open(ctx context.Context, o Options) (*Cloud, error) {
	c, err := Connect(ctx, o)
	if err != nil {
		return nil, err
	}
	return c, c.identify(ctx)
}

// Connect finds credentials as every AWS program does. Nobody is asked yet.
func Connect(ctx context.Context, o Options) (*Cloud, error) {
	c := &Cloud{Calls: &Calls{}, url: o.Endpoint, keys: o.Keys, name: o.Name, home: o.Region, pause: o.Pause, regions: map[string]*regional{}}
	if c.pause == nil {
		c.pause = RealPause
	}
	loaded, err := config.LoadDefaultConfig(ctx, options(o, c.Calls)...)
	if err != nil {
		return nil, fmt.Errorf("reading AWS's configuration: %w", err)
	}
	if o.HTTP != nil {
		loaded.HTTPClient = &http.Client{Transport: o.HTTP}
	}
	if o.Endpoint != "" {
		loaded.BaseEndpoint = awssdk.String(o.Endpoint)
	}
	c.config = loaded
	c.IAM, c.STS = iam.NewFromConfig(loaded), sts.NewFromConfig(loaded)
	return c, nil
}

// Unasked is a partition of AWS of which nothing is asked: aws, aws-cn or aws-us-gov.
func Unasked(partition string) *Cloud { return &Cloud{Calls: &Calls{}, partition: partition} }

// who is the cloud's name in sentences.
func (c *Cloud) who() string { return cmp.Or(c.name, "AWS") }

// usually is a remark about how long something takes in AWS; "" in another cloud.
func (c *Cloud) usually(text string) string {
	if c.name != "" {
		return ""
	}
	return text
}

func options(o Options, calls *Calls) []func(*config.LoadOptions) error {
	backoff := o.Backoff
	if backoff == 0 {
		backoff = retry.DefaultMaxBackoff
	}
	all := []func(*config.LoadOptions) error{
		config.WithRegion(o.Region),
		config.WithRetryer(func() awssdk.Retryer {
			return retry.NewStandard(func(s *retry.StandardOptions) {
				s.MaxAttempts, s.MaxBackoff = attempts, backoff
				s.Retryables = append([]retry.IsErrorRetryable{retry.IsErrorRetryableFunc(nobodyThere)}, s.Retryables...)
				s.RateLimiter = noLimit{} // throttling is answered by waiting, never by giving up early
			})
		}),
		config.WithLogger(sdklog.Nop{}), // what the SDK logs is in its errors too
		config.WithAPIOptions([]func(*middleware.Stack) error{calls.add, body.Plain}),
	}
	if o.Keys != (Keys{}) { // whatever the user has set for AWS itself is of no matter here
		all = append(all, config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(o.Keys.ID, o.Keys.Secret, "")),
			config.WithSharedConfigFiles([]string{}), config.WithSharedCredentialsFiles([]string{}))
	}
	client := awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConnsPerHost, t.MaxIdleConns = connections, 0
	})
	return append(all, config.WithHTTPClient(client))
}

// nobodyThere tells the SDK not to retry when the connection is refused or the name can't be
// resolved: the endpoint is misconfigured.
func nobodyThere(err error) awssdk.Ternary {
	var name *net.DNSError
	if errors.Is(err, syscall.ECONNREFUSED) || errors.As(err, &name) && name.IsNotFound {
		return awssdk.FalseTernary
	}
	return awssdk.UnknownTernary
}

// noLimit lets every retry through.
type noLimit struct{}

func (noLimit) GetToken(context.Context, uint) (func() error, error) {
	return func() error { return nil }, nil
}
func (noLimit) AddTokens(uint) error { return nil }

func (c *Cloud) identify(ctx context.Context) error {
	who, err := c.STS.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if said := c.explain(err, ""); said.Error() != err.Error() {
			return said
		}
		if strings.Contains(err.Error(), "get credentials") || strings.Contains(err.Error(), "refresh cached credentials") {
			return errors.New("no AWS credentials were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or log in as your account asks for")
		}
		return fmt.Errorf("AWS can't be asked who is asking: %w", plain(err))
	}
	c.account, c.caller = awssdk.ToString(who.Account), awssdk.ToString(who.Arn)
	c.partition = "aws"
	if parts := strings.Split(c.caller, ":"); len(parts) > 1 {
		c.partition = parts[1]
	}
	return nil
}

// plain unwraps an error that isn't an answer of AWS.
func plain(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

// in returns the clients of a region.
func (c *Cloud) in(region string) *regional {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.regions[region]
	if r == nil {
		r = &regional{
			name: region,
			ec2:  ec2.NewFromConfig(c.config, func(o *ec2.Options) { o.Region = region }),
			eks:  eks.NewFromConfig(c.config, func(o *eks.Options) { o.Region = region }),
			ssm:  ssm.NewFromConfig(c.config, func(o *ssm.Options) { o.Region = region }),
			quotas: servicequotas.NewFromConfig(c.config, func(o *servicequotas.Options) {
				o.Region = region
			}),
		}
		c.regions[region] = r
	}
	return r
}

// Account is its number.
func (c *Cloud) Account() string { return c.account }

// CallCount is the total of c.Calls.
func (c *Cloud) CallCount() int { return c.Calls.Total() }

// Cost by AWS's list prices. A cloud with a name of its own is the one on this machine,
// which has none.
func (c *Cloud) Cost(wanted *infra.Desired) (cost.Estimate, error) {
	if c.name != "" {
		return cost.Estimate{}, &provision.NotSupported{Provider: string(fleetv1.ProviderLocal), What: "estimate costs"}
	}
	return cost.Of(wanted), nil
}

// Desire says what a fleet needs in AWS.
func (c *Cloud) Desire(in infra.Input) (*infra.Desired, error) {
	return desired.Planner{Partition: c.partition}.Desire(in)
}

var _ provision.Provider = (*Cloud)(nil)
