package fleet

import (
	"strings"
	"testing"
)

const awsFile = `apiVersion: fleet.ringspan.io/v1alpha1
kind: Fleet
metadata:
  name: article
spec:
  provider: aws
  expires: 2027-01-31
  jumpHost: {region: us-east-2, cidr: 172.20.0.0/16}
  reservedCIDRs: [10.8.0.0/16]
  tags: {team: data}
  regions:
    - name: eu-west-1
      cidr: 172.21.0.0/16
      nodes: {count: 3, zones: [eu-west-1a, eu-west-1b]}
    - name: eu-central-1
      nat: perZone
`

func TestAWSDefaults(t *testing.T) {
	f, err := Parse("f.yaml", []byte(awsFile))
	if err != nil {
		t.Fatal(err)
	}
	r := f.Fleet.Spec.Regions[1]
	if r.CIDR != "" || r.ServiceCIDR != "" || len(r.Zones) != 0 || r.Nodes.Count != 3 || r.Nodes.InstanceType != "m5.large" || r.Nodes.DiskGiB != 50 || r.Nodes.Capacity != "on-demand" || r.APIEndpoint.Access != "public" {
		t.Errorf("%+v", r)
	}
}

// Each case is one mistake in a file for AWS; the message has its line.
func TestMistakesOfAWSFleets(t *testing.T) {
	for _, c := range []struct{ name, old, part, want string }{
		{"no region of AWS", "name: eu-west-1\n", "name: dublin\n", `f.yaml:12: spec.regions[0].name: "dublin" is not a region of AWS`},
		{"the containers' range", "172.21.0.0/16", "172.17.0.0/16", "f.yaml:13: spec.regions[0].cidr: 172.17.0.0/16 overlaps 172.17.0.0/16, which container engines use"},
		{"a large range", "172.21.0.0/16", "172.16.0.0/12", "f.yaml:13: spec.regions[0].cidr: 172.16.0.0/12 is not between /16 and /22"},
		{"the jump host's range twice", "172.20.0.0/16", "172.21.0.0/20", "f.yaml:8: spec.jumpHost.cidr: 172.21.0.0/20 overlaps the range 172.21.0.0/16 of region eu-west-1"},
		{"a reserved range", "10.8.0.0/16", "172.21.9.0/24", "f.yaml:9: spec.reservedCIDRs[0]: 172.21.9.0/24 overlaps the range 172.21.0.0/16 of region eu-west-1"},
		{"Services among the jump host's addresses", "nat: perZone", "serviceCIDR: 172.20.0.0/16", "f.yaml:16: spec.regions[1].serviceCIDR: 172.20.0.0/16 overlaps the jump host's network 172.20.0.0/16"},
		{"public Services", "nat: perZone", "serviceCIDR: 8.8.0.0/16", `spec.regions[1].serviceCIDR: "8.8.0.0/16" is not a private IPv4 network`},
		{"a misspelt field", "perZone", "perZone\n      adopts: {vpc: vpc-1}", "unknown field spec.regions[1].adopts; did you mean adopt?"},
		{"NAT", "perZone", "perSubnet", `f.yaml:16: spec.regions[1].nat: "perSubnet": there are perRegion and perZone`},
		{"a time", "2027-01-31", "tomorrow", `f.yaml:7: spec.expires: "tomorrow" is not a time`},
		{"a tag of ours", "team: data", "ringspan.io/fleet: other", "f.yaml:10: spec.tags: ringspan.io/fleet: tags that begin with ringspan.io/ are not yours to set"},
		{"a version", "nat: perZone", "kubernetesVersion: v1.34", "spec.regions[1].kubernetesVersion"},
		{"ranges for nobody", "nat: perZone", "apiEndpoint: {access: private, allowedCIDRs: [1.2.3.0/24]}", "spec.regions[1].apiEndpoint.allowedCIDRs: they are for a public endpoint"},
		{"what provider local has", "nat: perZone", "apiServerPort: 6443", "f.yaml:16: spec.regions[1].apiServerPort: provider aws has no such thing"},
		{"what provider aws has", "provider: aws", "provider: local", "f.yaml:8: spec.jumpHost: provider local has no such thing; provider aws does"},
		{"an id of something else", "nat: perZone", "adopt: {vpc: subnet-12}", `spec.regions[1].adopt.vpc: "subnet-12" is not the id of a VPC`},
		{"a long name", "name: article", "name: article-of-many-words-in-a-row", "f.yaml:4: metadata.name: \"article-of-many-words-in-a-row\" is longer than 24"},
		{"a registry with a scheme", "tags:", "imageRegistry: https://registry.example.com/ringspan\n  tags:", `f.yaml:10: spec.imageRegistry: "https://registry.example.com/ringspan" is not a place in a registry such as registry.example.com/ringspan, without scheme, tag or closing slash`},
		{"a registry with a tag", "tags:", "imageRegistry: registry.example.com/ringspan:v1\n  tags:", `f.yaml:10: spec.imageRegistry: "registry.example.com/ringspan:v1" is not a place in a registry such as registry.example.com/ringspan, without scheme, tag or closing slash`},
		{"an administrator", "tags:", "admins: [me]\n  tags:", `f.yaml:10: spec.admins[0]: "me" is not the ARN of an IAM user or role`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if !strings.Contains(awsFile, c.old) {
				t.Fatalf("%q is not in the file", c.old)
			}
			_, err := Parse("f.yaml", []byte(strings.Replace(awsFile, c.old, c.part, 1)))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}
