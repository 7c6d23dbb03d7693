package server_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/ringspan/ringspan/local/aws/world"
)

// services make one cheap call of each protocol.
func (c *cloud) services() map[string]func() error {
	return map[string]func() error{
		"ec2": call(c.ec2("eu-west-1").DescribeVpcs, &ec2.DescribeVpcsInput{}),
		"eks": call(c.eks("eu-west-1").ListClusters, &eks.ListClustersInput{}),
		"iam": call(c.iam().ListRoles, &iam.ListRolesInput{}),
		"sts": call(c.sts("eu-west-1").GetCallerIdentity, &sts.GetCallerIdentityInput{}),
		"ssm": call(c.ssm("eu-west-1").DescribeInstanceInformation, &ssm.DescribeInstanceInformationInput{}),
	}
}

func TestStrictTakesItsOwnCredentialsOnly(t *testing.T) {
	c := start(t, strict)
	unknown := map[string]string{
		"ec2": "AuthFailure", "eks": "UnrecognizedClientException", "iam": "InvalidClientTokenId", "sts": "InvalidClientTokenId", "ssm": "UnrecognizedClientException",
	}
	for name, f := range c.services() {
		wantCode(t, f(), unknown[name])
	}
	c.key, c.secret = c.server.Credentials()
	for name, f := range c.services() {
		if err := f(); err != nil {
			t.Errorf("%s with the cloud's own credentials: %v", name, err)
		}
	}
	c.secret += "x"
	wrong := map[string]string{
		"ec2": "SignatureDoesNotMatch", "eks": "InvalidSignatureException", "iam": "SignatureDoesNotMatch", "sts": "SignatureDoesNotMatch", "ssm": "InvalidSignatureException",
	}
	for name, f := range c.services() {
		wantCode(t, f(), wrong[name])
	}
}

func TestPresignedIdentity(t *testing.T) {
	c := start(t, strict)
	c.key, c.secret = c.server.Credentials()
	signed := must(sts.NewPresignClient(c.sts("eu-west-1")).PresignGetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}, func(o *sts.PresignOptions) {
		o.ClientOptions = append(o.ClientOptions, sts.WithAPIOptions(smithyhttp.SetHeaderValue("X-K8s-Aws-Id", "ring"), smithyhttp.SetHeaderValue("X-Amz-Expires", "60")))
	}))(t)
	get := func(cluster string) int {
		r := must(http.NewRequest("GET", signed.URL, nil))(t)
		r.Header.Set("X-K8s-Aws-Id", cluster)
		answer := must(http.DefaultClient.Do(r))(t)
		_ = answer.Body.Close()
		return answer.StatusCode
	}
	if got := get("ring"); got != http.StatusOK {
		t.Errorf("the presigned call answers %d", got)
	}
	if got := get("other"); got != http.StatusForbidden {
		t.Errorf("with another cluster's name it answers %d", got)
	}
}

func TestOldSignature(t *testing.T) {
	c := start(t)
	for _, age := range []time.Duration{time.Hour, -time.Hour} {
		r := must(http.NewRequest("POST", c.url, strings.NewReader("Action=DescribeVpcs&Version=2016-11-15")))(t)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		sum := "d6b2ef5b2b1f8ef1be1c0a0b9bd4bc0f3a4f1de3c0a5ba6a5c5e3f8e6d6f6a1b" // of another body, but the time is looked at first
		if err := v4.NewSigner().SignHTTP(ctx, aws.Credentials{AccessKeyID: "a", SecretAccessKey: "b"}, r, sum, "ec2", "eu-west-1", time.Now().Add(-age)); err != nil {
			t.Fatal(err)
		}
		answer := must(http.DefaultClient.Do(r))(t)
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusBadRequest {
			t.Errorf("a signature of %s ago is answered with %s", age, answer.Status)
		}
	}
}

func TestAssumedRole(t *testing.T) {
	c := start(t, strict)
	c.key, c.secret = c.server.Credentials()
	must(c.iam().CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("operator"), AssumeRolePolicyDocument: aws.String(trust("ec2"))}))(t)
	k := must(c.sts("eu-west-1").AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::" + account + ":role/operator"), RoleSessionName: aws.String("me")}))(t).Credentials
	c.key, c.secret, c.token = *k.AccessKeyId, *k.SecretAccessKey, *k.SessionToken
	if got := *must(c.sts("eu-west-1").GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}))(t).Arn; got != "arn:aws:sts::"+account+":assumed-role/operator/me" {
		t.Errorf("the caller is %s", got)
	}
	c.advance(90 * time.Minute)
	_, err := c.sts("eu-west-1").GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	wantCode(t, err, "ExpiredToken")
	c.token = "wrong"
	_, err = c.ec2("eu-west-1").DescribeVpcs(ctx, &ec2.DescribeVpcsInput{})
	if err == nil {
		t.Error("a wrong session token is taken")
	}
}

// trust is a policy that lets a service assume a role.
func trust(service string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"` + service + `.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
}

func TestRegionThatIsNotEnabled(t *testing.T) {
	c := start(t)
	_, err := c.ec2("me-south-1").DescribeVpcs(ctx, &ec2.DescribeVpcsInput{})
	wantCode(t, err, "AuthFailure")
	_, err = c.eks("me-south-1").ListClusters(ctx, &eks.ListClustersInput{})
	wantCode(t, err, "UnrecognizedClientException")
}

func TestThrottling(t *testing.T) {
	c := start(t)
	c.drive("PUT", "throttle", []world.Throttle{{Every: 2}}, nil)
	codes := map[string]string{"ec2": "RequestLimitExceeded", "eks": "ThrottlingException", "iam": "Throttling", "sts": "Throttling", "ssm": "ThrottlingException"}
	for name, f := range c.services() {
		if err := f(); err != nil {
			t.Errorf("the first call of %s: %v", name, err)
		}
		wantCode(t, f(), codes[name])
	}
	c.drive("PUT", "throttle", []world.Throttle{{First: true}}, nil)
	for name, f := range c.services() {
		wantCode(t, f(), codes[name])
		if err := f(); err != nil {
			t.Errorf("the second attempt at %s: %v", name, err)
		}
	}
	c.drive("PUT", "throttle", []world.Throttle{{Service: "ec2", Rate: 0.001, Burst: 3}}, nil)
	refused := 0
	for range 5 {
		if c.services()["ec2"]() != nil {
			refused++
		}
	}
	if refused != 2 {
		t.Errorf("%d of 5 calls are refused with a burst of 3", refused)
	}
}

func TestDeniedActions(t *testing.T) {
	c := start(t)
	c.drive("PUT", "denied", []string{"ec2:Describe*", "eks:ListClusters", "iam:ListRoles", "sts:GetCallerIdentity", "ssm:DescribeInstanceInformation"}, nil)
	codes := map[string]string{"ec2": "UnauthorizedOperation", "eks": "AccessDeniedException", "iam": "AccessDenied", "sts": "AccessDenied", "ssm": "AccessDeniedException"}
	for name, f := range c.services() {
		err := f()
		wantCode(t, err, codes[name])
		if !strings.Contains(err.Error(), "not authorized to perform: "+name+":") {
			t.Errorf("%v doesn't name the action", err)
		}
	}
	_, err := c.ec2("eu-west-1").DescribeVpcs(ctx, &ec2.DescribeVpcsInput{DryRun: aws.Bool(true)})
	wantCode(t, err, "UnauthorizedOperation")
	c.drive("PUT", "denied", []string{}, nil)
	_, err = c.ec2("eu-west-1").DescribeVpcs(ctx, &ec2.DescribeVpcsInput{DryRun: aws.Bool(true)})
	wantCode(t, err, "DryRunOperation")
}

func TestInjectedFaults(t *testing.T) {
	c := start(t)
	n := &network{cloud: c, api: c.ec2("eu-west-1")}
	create := call(n.api.CreateVpc, &ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16")})
	c.drive("POST", "faults", world.Fault{Service: "ec2", Action: "CreateVpc", Nth: 2, Times: 2, Code: "InternalError", Message: "on purpose", Status: 500}, nil)
	for i, want := range []string{"", "InternalError", "InternalError", ""} {
		if err := create(); want != "" {
			wantCode(t, err, want)
		} else if err != nil {
			t.Errorf("call %d: %v", i+1, err)
		}
	}
	count := func() int { return len(must(n.api.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{}))(t).Vpcs) }
	for _, drop := range []struct {
		when string
		made int
	}{{"before", 0}, {"after", 1}} {
		before := count()
		c.drive("POST", "faults", world.Fault{Action: "CreateVpc", Drop: drop.when}, nil)
		err := create()
		var api smithy.APIError
		if err == nil || errors.As(err, &api) {
			t.Errorf("a connection dropped %s the call gives %v", drop.when, err)
		}
		if made := count() - before; made != drop.made {
			t.Errorf("a connection dropped %s the call made %d VPCs, want %d", drop.when, made, drop.made)
		}
	}
	var calls []world.CallCount
	c.drive("GET", "calls", nil, &calls)
	for _, k := range calls {
		if k.Action == "CreateVpc" && (k.Count != 6 || k.Errors != 2 || k.Region != "eu-west-1" || k.Service != "ec2") {
			t.Errorf("the record says %+v", k)
		}
	}
}

func TestUnknownThingsAreNamed(t *testing.T) {
	c := start(t)
	_, err := c.ec2("eu-west-1").CreateKeyPair(ctx, &ec2.CreateKeyPairInput{KeyName: aws.String("k")})
	wantCode(t, err, "InvalidAction")
	if !strings.Contains(err.Error(), "CreateKeyPair") {
		t.Errorf("%v doesn't name the action", err)
	}
	_, err = c.eks("eu-west-1").ListFargateProfiles(ctx, &eks.ListFargateProfilesInput{ClusterName: aws.String("c")})
	wantCode(t, err, "UnknownOperationException")
	_, err = c.ssm("eu-west-1").ListCommands(ctx, &ssm.ListCommandsInput{})
	wantCode(t, err, "UnknownOperationException")
	_, err = c.ec2("eu-west-1").CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16"), Ipv4IpamPoolId: aws.String("ipam-pool-1")})
	wantCode(t, err, "UnknownParameter")
	if !strings.Contains(err.Error(), "Ipv4IpamPoolId") {
		t.Errorf("%v doesn't name the parameter", err)
	}
}

func TestLag(t *testing.T) {
	c := start(t, lag(2))
	api := c.ec2("eu-west-1")
	id := *must(api.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16")}))(t).Vpc.VpcId
	subnet := call(api.CreateSubnet, &ec2.CreateSubnetInput{VpcId: &id, CidrBlock: aws.String("10.0.0.0/24")})
	wantCode(t, subnet(), "InvalidVpcID.NotFound")
	if found := must(api.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{}))(t).Vpcs; len(found) > 0 {
		t.Error("a list shows what isn't visible yet")
	}
	if err := subnet(); err != nil {
		t.Errorf("the third call: %v", err)
	}
}

func TestClientTokens(t *testing.T) {
	c := start(t)
	n := c.network("eu-west-1", "10.1.0.0/16")
	in := &ec2.CreateRouteTableInput{VpcId: &n.vpc, ClientToken: aws.String("once")}
	first, second := must(n.api.CreateRouteTable(ctx, in))(t), must(n.api.CreateRouteTable(ctx, in))(t)
	if *first.RouteTable.RouteTableId != *second.RouteTable.RouteTableId {
		t.Error("a repeated call made another table")
	}
	other := n.newVPC("10.9.0.0/16")
	_, err := n.api.CreateRouteTable(ctx, &ec2.CreateRouteTableInput{VpcId: &other, ClientToken: aws.String("once")})
	wantCode(t, err, "IdempotentParameterMismatch")
}

func TestPages(t *testing.T) {
	c := start(t)
	n := c.network("eu-west-1", "10.1.0.0/16")
	var made []string
	for i := range 7 {
		made = append(made, *must(n.api.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{VpcId: &n.vpc, GroupName: aws.String(strings.Repeat("g", i+1)), Description: aws.String("d")}))(t).GroupId)
	}
	seen := map[string]int{}
	pages := ec2.NewDescribeSecurityGroupsPaginator(n.api, &ec2.DescribeSecurityGroupsInput{MaxResults: aws.Int32(2), Filters: filter("group-name", "g*")})
	for pages.HasMorePages() {
		page := must(pages.NextPage(ctx))(t)
		if len(page.SecurityGroups) > 2 {
			t.Errorf("a page has %d groups", len(page.SecurityGroups))
		}
		for _, g := range page.SecurityGroups {
			seen[*g.GroupId]++
		}
	}
	for _, id := range made {
		if seen[id] != 1 {
			t.Errorf("%s was listed %d times", id, seen[id])
		}
	}
	_, err := n.api.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{Filters: filter("nonsense", "x")})
	wantCode(t, err, "InvalidParameterValue")
}

func TestQuotas(t *testing.T) {
	c := start(t)
	n := &network{cloud: c, api: c.ec2("eu-west-1")}
	c.drive("PUT", "quotas", map[string]any{"code": world.VPCsPerRegion, "value": 2, "region": "eu-west-1"}, nil)
	n.newVPC("10.0.0.0/16")
	n.newVPC("10.1.0.0/16")
	_, err := n.api.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.2.0.0/16")})
	wantCode(t, err, "VpcLimitExceeded")
	for range 5 {
		must(n.api.AllocateAddress(ctx, &ec2.AllocateAddressInput{}))(t)
	}
	_, err = n.api.AllocateAddress(ctx, &ec2.AllocateAddressInput{})
	wantCode(t, err, "AddressLimitExceeded")
}

func TestStateOutlivesTheProcess(t *testing.T) {
	dir := t.TempDir()
	c := start(t, stateIn(dir), waits(1))
	n := c.network("eu-west-1", "10.1.0.0/16")
	key, _ := c.server.Credentials()
	c.advance(time.Minute)

	c.end()
	again := start(t, stateIn(dir), waits(1))
	if k, _ := again.server.Credentials(); k != key {
		t.Error("the credentials changed")
	}
	api := again.ec2("eu-west-1")
	nat := must(api.DescribeNatGateways(ctx, &ec2.DescribeNatGatewaysInput{NatGatewayIds: []string{n.nat}}))(t).NatGateways[0]
	if nat.State != "pending" {
		t.Errorf("after a minute the NAT gateway is %s", nat.State)
	}
	again.advance(time.Minute)
	nat = must(api.DescribeNatGateways(ctx, &ec2.DescribeNatGatewaysInput{NatGatewayIds: []string{n.nat}}))(t).NatGateways[0]
	if nat.State != "available" {
		t.Errorf("after two minutes the NAT gateway is %s: the first process's minute doesn't count", nat.State)
	}
	if tables := must(api.DescribeRouteTables(ctx, &ec2.DescribeRouteTablesInput{Filters: filter("vpc-id", n.vpc)}))(t).RouteTables; len(tables) != 2 {
		t.Errorf("%d route tables after the restart, want 2", len(tables))
	}
}
