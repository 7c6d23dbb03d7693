package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/ringspan/ringspan/local/aws/plane"
	"github.com/ringspan/ringspan/local/aws/server"
	"github.com/ringspan/ringspan/local/aws/world"
)

const account = "123456789012"

// cloud is a server under test, reached as clients reach AWS.
type cloud struct {
	t                  *testing.T
	server             *server.Server
	end                func() // of the server, before the test's
	url                string
	key, secret, token string
}

// start runs a server until the test ends; change sets its options.
func start(t *testing.T, change ...func(*server.Options)) *cloud {
	t.Helper()
	o := server.Options{World: world.Options{Account: account}, Log: func(msg string) { t.Log(msg) }}
	for _, f := range change {
		f(&o)
	}
	s, err := server.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ran := make(chan struct{})
	go func() { defer close(ran); s.Run(ctx) }()
	h := httptest.NewServer(s)
	c := &cloud{t: t, server: s, url: h.URL, key: "any", secret: "thing"}
	c.end = sync.OnceFunc(func() { c.note(); h.Close(); stop(); <-ran })
	t.Cleanup(c.end)
	return c
}

func waits(f world.Waits) func(*server.Options) {
	return func(o *server.Options) { o.World.Waits = f }
}

func lag(calls int) func(*server.Options) {
	return func(o *server.Options) { o.World.Lag.Calls = calls }
}

func stateIn(dir string) func(*server.Options) {
	return func(o *server.Options) { o.World.File = filepath.Join(dir, "aws.json") }
}

func on(networks plane.Networks, clusters plane.Clusters) func(*server.Options) {
	return func(o *server.Options) { o.Networks, o.Clusters = networks, clusters }
}

func strict(o *server.Options) { o.Strict = true }

func (c *cloud) config(region string) aws.Config {
	return aws.Config{
		Region: region, BaseEndpoint: &c.url, Credentials: credentials.NewStaticCredentialsProvider(c.key, c.secret, c.token),
		Retryer:    func() aws.Retryer { return aws.NopRetryer{} },
		APIOptions: []func(*middleware.Stack) error{plainBody},
	}
}

// plainBody hides a request body's io.WriterTo, which reports io.EOF once the
// SDK has closed it: the answers here are so fast that the transport would take
// that for a failure and close the connection while the answer is being read.
// It stands in for package internal/fleet/aws/body of the other module.
func plainBody(stack *middleware.Stack) error {
	return stack.Build.Add(middleware.BuildMiddlewareFunc("PlainBody", func(ctx context.Context, in middleware.BuildInput, next middleware.BuildHandler) (middleware.BuildOutput, middleware.Metadata, error) {
		r := in.Request.(*smithyhttp.Request)
		if s, ok := r.GetStream().(io.ReadSeeker); ok {
			r, err := r.SetStream(struct{ io.ReadSeeker }{s})
			if err != nil {
				return middleware.BuildOutput{}, middleware.Metadata{}, err
			}
			in.Request = r
		}
		return next.HandleBuild(ctx, in)
	}), middleware.After)
}

func (c *cloud) ec2(region string) *ec2.Client { return ec2.NewFromConfig(c.config(region)) }
func (c *cloud) eks(region string) *eks.Client { return eks.NewFromConfig(c.config(region)) }
func (c *cloud) iam() *iam.Client              { return iam.NewFromConfig(c.config("us-east-1")) }
func (c *cloud) sts(region string) *sts.Client { return sts.NewFromConfig(c.config(region)) }
func (c *cloud) ssm(region string) *ssm.Client { return ssm.NewFromConfig(c.config(region)) }
func (c *cloud) quotas(region string) *servicequotas.Client {
	return servicequotas.NewFromConfig(c.config(region))
}

// drive makes a call below /_cloud/; out may be nil.
func (c *cloud) drive(method, path string, in, out any) {
	c.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		c.t.Fatal(err)
	}
	if in == nil {
		body = nil
	}
	r, err := http.NewRequest(method, c.url+"/_cloud/"+path, bytes.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	r.SetBasicAuth(c.server.Credentials())
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	b, _ := io.ReadAll(answer.Body)
	if answer.StatusCode != http.StatusOK {
		c.t.Fatalf("%s %s: %s: %s", method, path, answer.Status, b)
	}
	if out != nil {
		if err := json.Unmarshal(b, out); err != nil {
			c.t.Fatal(err)
		}
	}
}

func (c *cloud) advance(d time.Duration) {
	c.t.Helper()
	c.drive("POST", "clock", map[string]string{"advance": d.String()}, nil)
}

// left lists what the account holds, by region.
func (c *cloud) left() map[string][]string {
	c.t.Helper()
	out := map[string][]string{}
	c.drive("GET", "resources", nil, &out)
	return out
}

// must is a call's output; an error ends the test.
func must[T any](out T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

// wantCode makes sure that a call failed with a code of AWS's.
func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	var e smithy.APIError
	switch {
	case err == nil:
		t.Fatalf("no error, want %s", code)
	case !errors.As(err, &e):
		t.Fatalf("%v is no error of the API, want %s", err, code)
	case e.ErrorCode() != code:
		t.Fatalf("%v, want %s", err, code)
	}
}

// network is a VPC with what usually is in it.
type network struct {
	*cloud
	api                                          *ec2.Client
	region, vpc, subnet, other, gateway, address string
	nat, table, group                            string
}

var ctx = context.Background()

// network builds a VPC with two subnets, gateways and a route table.
func (c *cloud) network(region, cidr string) *network {
	t := c.t
	t.Helper()
	n := &network{cloud: c, api: c.ec2(region), region: region}
	n.vpc = n.newVPC(cidr)
	must(n.api.ModifyVpcAttribute(ctx, &ec2.ModifyVpcAttributeInput{VpcId: &n.vpc, EnableDnsHostnames: &ec2types.AttributeBooleanValue{Value: aws.Bool(true)}}))(t)
	n.subnet, n.other = n.newSubnet(cidr[:len(cidr)-len("0.0/16")]+"1.0/24", region+"a"), n.newSubnet(cidr[:len(cidr)-len("0.0/16")]+"2.0/24", region+"b")
	n.gateway = *must(n.api.CreateInternetGateway(ctx, &ec2.CreateInternetGatewayInput{}))(t).InternetGateway.InternetGatewayId
	must(n.api.AttachInternetGateway(ctx, &ec2.AttachInternetGatewayInput{InternetGatewayId: &n.gateway, VpcId: &n.vpc}))(t)
	n.address = *must(n.api.AllocateAddress(ctx, &ec2.AllocateAddressInput{Domain: ec2types.DomainTypeVpc}))(t).AllocationId
	n.nat = *must(n.api.CreateNatGateway(ctx, &ec2.CreateNatGatewayInput{SubnetId: &n.subnet, AllocationId: &n.address}))(t).NatGateway.NatGatewayId
	n.table = *must(n.api.CreateRouteTable(ctx, &ec2.CreateRouteTableInput{VpcId: &n.vpc}))(t).RouteTable.RouteTableId
	must(n.api.AssociateRouteTable(ctx, &ec2.AssociateRouteTableInput{RouteTableId: &n.table, SubnetId: &n.subnet}))(t)
	n.group = *must(n.api.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{VpcId: &n.vpc, GroupName: aws.String("cassandra"), Description: aws.String("ring")}))(t).GroupId
	return n
}

func (n *network) newVPC(cidr string) string {
	n.t.Helper()
	return *must(n.api.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: &cidr}))(n.t).Vpc.VpcId
}

func (n *network) newSubnet(cidr, zone string) string {
	n.t.Helper()
	return *must(n.api.CreateSubnet(ctx, &ec2.CreateSubnetInput{VpcId: &n.vpc, CidrBlock: &cidr, AvailabilityZone: &zone}))(n.t).Subnet.SubnetId
}
