package test

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	ekstypes "github.com/aws/aws-sdk-go-v2/service/eks/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// account is a lab as its clients of AWS see it.
type account struct {
	*lab
	t       tester
	process *exec.Cmd // that serves the API; nil where the lab was started
}

// newAccount serves the API until the test ends.
func newAccount(t *testing.T) *account {
	t.Helper()
	l, err := newLab(nil)
	if l != nil {
		t.Cleanup(func() {
			if err := l.close(); err != nil {
				t.Error(err)
			}
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	a := &account{lab: l, t: t}
	t.Cleanup(func() {
		if text, err := os.ReadFile(a.log()); t.Failed() && err == nil {
			t.Logf("the lab's log ends so:\n%s", text[max(0, len(text)-4000):])
		}
	})
	a.serve()
	t.Cleanup(a.kill)
	return a
}

// serve starts ringspan-local serve and waits until it says where it answers.
func (a *account) serve() {
	a.t.Helper()
	listen := "127.0.0.1:0"
	if a.endpoint.Endpoint != "" { // as before
		listen = a.endpoint.Endpoint[len("http://"):]
	}
	a.process = exec.Command(a.bin+"/ringspan-local", "serve", "--plane", "lab", "--listen", listen, "--images", a.path("images"), "--state", a.state(), "-o", "json")
	a.process.Env, a.process.Dir = append(os.Environ(), markVariable+"="+a.dir), "/"
	if err := os.MkdirAll(a.path("state", "logs"), 0o700); err != nil {
		a.t.Fatal(err)
	}
	log, err := os.OpenFile(a.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		a.t.Fatal(err)
	}
	defer log.Close()
	a.process.Stderr = log
	out, err := a.process.StdoutPipe()
	if err != nil {
		a.t.Fatal(err)
	}
	if err := a.process.Start(); err != nil {
		a.t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		text, _ := os.ReadFile(a.log())
		a.t.Fatalf("serve said nothing (%v): %s", err, text)
	}
	if err := json.Unmarshal(line, &a.endpoint); err != nil {
		a.t.Fatal(err)
	}
}

// log is where the lab writes what it does.
func (a *account) log() string { return a.path("state", "logs", "ringspan-local.log") }

// kill ends the lab without a warning; its data stays.
func (a *account) kill() {
	_ = a.process.Process.Signal(syscall.SIGKILL)
	_ = a.process.Wait() // killed: no news
}

func (a *account) config(region string) aws.Config {
	return aws.Config{
		Region: region, BaseEndpoint: &a.endpoint.Endpoint,
		Credentials: credentials.NewStaticCredentialsProvider(a.endpoint.AccessKeyID, a.endpoint.SecretAccessKey, ""),
	}
}

func staticCredentials(id, secret, token string) aws.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider(id, secret, token)
}

// do makes a call that must succeed.
func do[In, Opt, Out any](t tester, call func(context.Context, *In, ...Opt) (*Out, error), in *In) *Out {
	t.Helper()
	out, err := call(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// site is one region's network with its cluster.
type site struct {
	*account
	region, cidr, name string
	ec2                *ec2.Client
	eks                *eks.Client
	vpc, table, group  string
	subnets            []string
	k8s                *cluster
}

// newSite makes a VPC with a subnet in each of two zones, and begins to make a
// cluster in it.
func (a *account) newSite(region, cidr, services string, zones ...string) *site {
	t := a.t
	t.Helper()
	s := &site{account: a, region: region, cidr: cidr, name: "ring", ec2: ec2.NewFromConfig(a.config(region)), eks: eks.NewFromConfig(a.config(region))}
	s.vpc = *do(t, s.ec2.CreateVpc, &ec2.CreateVpcInput{CidrBlock: &cidr}).Vpc.VpcId
	do(t, s.ec2.ModifyVpcAttribute, &ec2.ModifyVpcAttributeInput{VpcId: &s.vpc, EnableDnsHostnames: &ec2types.AttributeBooleanValue{Value: aws.Bool(true)}})
	base := cidr[:len(cidr)-len("0.0/16")]
	for i, zone := range zones {
		subnet := do(t, s.ec2.CreateSubnet, &ec2.CreateSubnetInput{VpcId: &s.vpc, CidrBlock: aws.String(fmt.Sprintf("%s%d.0/24", base, i)), AvailabilityZone: &zone})
		s.subnets = append(s.subnets, *subnet.Subnet.SubnetId)
	}
	tables := do(t, s.ec2.DescribeRouteTables, &ec2.DescribeRouteTablesInput{Filters: []ec2types.Filter{{Name: aws.String("vpc-id"), Values: []string{s.vpc}}}})
	s.table = *tables.RouteTables[0].RouteTableId
	do(t, s.eks.CreateCluster, &eks.CreateClusterInput{
		Name: &s.name, RoleArn: aws.String(a.role("cluster")), ResourcesVpcConfig: &ekstypes.VpcConfigRequest{SubnetIds: s.subnets},
		AccessConfig:            &ekstypes.CreateAccessConfigRequest{AuthenticationMode: ekstypes.AuthenticationModeApi},
		KubernetesNetworkConfig: &ekstypes.KubernetesNetworkConfigRequest{ServiceIpv4Cidr: &services}, BootstrapSelfManagedAddons: aws.Bool(false),
	})
	return s
}

const accountNumber = "123456789012"

func (a *account) role(name string) string { return "arn:aws:iam::" + accountNumber + ":role/" + name }

// makeRoles makes those of clusters and nodes.
func (a *account) makeRoles() {
	t := a.t
	t.Helper()
	c := iam.NewFromConfig(a.config("us-east-1"))
	for _, r := range [][3]string{{"cluster", "eks", "AmazonEKSClusterPolicy"}, {"node", "ec2", "AmazonEKSWorkerNodePolicy"}} {
		trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"` + r[1] + `.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
		do(t, c.CreateRole, &iam.CreateRoleInput{RoleName: &r[0], AssumeRolePolicyDocument: &trust})
		do(t, c.AttachRolePolicy, &iam.AttachRolePolicyInput{RoleName: &r[0], PolicyArn: aws.String("arn:aws:iam::aws:policy/" + r[2])})
	}
}

// connect waits for the cluster and logs in to it with a token of STS.
func (s *site) connect() {
	t := s.t
	t.Helper()
	var found *ekstypes.Cluster
	eventually(t, "cluster of "+s.region, func() error {
		found = do(t, s.eks.DescribeCluster, &eks.DescribeClusterInput{Name: &s.name}).Cluster
		if found.Status != ekstypes.ClusterStatusActive {
			return fmt.Errorf("it is %s", found.Status)
		}
		return nil
	})
	s.group = *found.ResourcesVpcConfig.ClusterSecurityGroupId
	s.k8s = s.as(s.account.config(s.region), *found.Endpoint, *found.CertificateAuthority.Data)
}

// as is the cluster in the eyes of whoever has the credentials.
func (s *site) as(c aws.Config, endpoint, authority string) *cluster {
	t := s.t
	t.Helper()
	ca, err := base64.StdEncoding.DecodeString(authority)
	if err != nil {
		t.Fatal(err)
	}
	config := &rest.Config{Host: endpoint, BearerToken: s.token(c), TLSClientConfig: rest.TLSClientConfig{CAData: ca}, QPS: -1}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return &cluster{s.lab, s.region, config, client}
}

// token is what `aws eks get-token` would give.
func (s *site) token(c aws.Config) string {
	s.t.Helper()
	presigned, err := sts.NewPresignClient(sts.NewFromConfig(c)).PresignGetCallerIdentity(s.t.Context(), &sts.GetCallerIdentityInput{}, func(o *sts.PresignOptions) {
		o.ClientOptions = append(o.ClientOptions, func(o *sts.Options) {
			o.APIOptions = append(o.APIOptions, smithyhttp.SetHeaderValue("x-k8s-aws-id", s.name), smithyhttp.SetHeaderValue("X-Amz-Expires", "600"))
		})
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return "k8s-aws-v1." + base64.RawURLEncoding.EncodeToString([]byte(presigned.URL))
}

func (s *site) addon(name, configuration string) {
	s.t.Helper()
	in := &eks.CreateAddonInput{ClusterName: &s.name, AddonName: &name}
	if configuration != "" {
		in.ConfigurationValues = &configuration
	}
	do(s.t, s.eks.CreateAddon, in)
}

func (s *site) addNodes(count int32) {
	s.t.Helper()
	do(s.t, s.eks.CreateNodegroup, &eks.CreateNodegroupInput{
		ClusterName: &s.name, NodegroupName: aws.String("workers"), NodeRole: aws.String(s.role("node")), Subnets: s.subnets[:1], InstanceTypes: []string{"m5.large"},
		ScalingConfig: &ekstypes.NodegroupScalingConfig{MinSize: aws.Int32(0), MaxSize: &count, DesiredSize: &count}, Labels: map[string]string{"rack": "r1"},
		Taints: []ekstypes.Taint{{Key: aws.String("soft"), Value: aws.String("yes"), Effect: ekstypes.TaintEffectPreferNoSchedule}},
	})
}

// peer joins two sites; each routes the other's range over it.
func (s *site) peer(other *site) {
	t := s.t
	t.Helper()
	id := do(t, s.ec2.CreateVpcPeeringConnection, &ec2.CreateVpcPeeringConnectionInput{VpcId: &s.vpc, PeerVpcId: &other.vpc, PeerRegion: &other.region}).VpcPeeringConnection.VpcPeeringConnectionId
	eventually(t, "peering in its second region", func() error {
		_, err := other.ec2.AcceptVpcPeeringConnection(t.Context(), &ec2.AcceptVpcPeeringConnectionInput{VpcPeeringConnectionId: id})
		return err
	})
	for _, side := range [][2]*site{{s, other}, {other, s}} {
		do(t, side[0].ec2.CreateRoute, &ec2.CreateRouteInput{RouteTableId: &side[0].table, DestinationCidrBlock: &side[1].cidr, VpcPeeringConnectionId: id})
	}
}

// trust lets everything of another site in.
func (s *site) trust(other *site) {
	s.t.Helper()
	do(s.t, s.ec2.AuthorizeSecurityGroupIngress, &ec2.AuthorizeSecurityGroupIngressInput{GroupId: &s.group, IpPermissions: []ec2types.IpPermission{
		{IpProtocol: aws.String("-1"), IpRanges: []ec2types.IpRange{{CidrIp: &other.cidr}}},
	}})
}

// open lets a range in to a port of the cluster's nodes and pods.
func (s *site) open(from string, port int32) {
	s.t.Helper()
	do(s.t, s.ec2.AuthorizeSecurityGroupIngress, &ec2.AuthorizeSecurityGroupIngressInput{GroupId: &s.group, IpPermissions: []ec2types.IpPermission{
		{IpProtocol: aws.String("tcp"), FromPort: &port, ToPort: &port, IpRanges: []ec2types.IpRange{{CidrIp: &from}}},
		{IpProtocol: aws.String("udp"), FromPort: &port, ToPort: &port, IpRanges: []ec2types.IpRange{{CidrIp: &from}}},
	}})
}
