package aws

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/ringspan/ringspan/internal/fleet/aws/desired"
	"github.com/ringspan/ringspan/internal/fleet/infra"
)

// scope is how a call is restricted in the policy.
type scope int

const (
	read     scope = iota // changes nothing; AWS offers no narrowing for most of them
	create                // must carry the fleet's tag in the call
	tagging               // only together with a call that creates, or on what is the fleet's
	change                // only what carries the fleet's tag
	attach                // joins something of the fleet with something that may be adopted
	clusters              // EKS: clusters of any name, told apart by tags
	roles                 // IAM: under the fleet's path
)

// ec2Scopes is how each call to EC2 can be restricted. What isn't here and begins with
// Describe, List or Get is read.
var ec2Scopes = map[string]scope{
	"CreateTags": tagging, "DeleteTags": change,
	"CreateVpc": create, "CreateInternetGateway": create, "AllocateAddress": create,
	// these name a VPC or a subnet beside what they make
	"CreateSubnet": attach, "CreateNatGateway": attach, "CreateRouteTable": attach, "CreateSecurityGroup": attach, "CreateVpcPeeringConnection": attach, "AcceptVpcPeeringConnection": attach, "RunInstances": attach,
	"CreateRoute": attach, "ReplaceRoute": attach, "DeleteRoute": attach, "AuthorizeSecurityGroupIngress": attach, "RevokeSecurityGroupIngress": attach, "UpdateSecurityGroupRuleDescriptionsIngress": attach,
	"DeleteVpc": change, "ModifyVpcAttribute": change, "AttachInternetGateway": change, "DetachInternetGateway": change, "DeleteInternetGateway": change,
	"DeleteSubnet": change, "ModifySubnetAttribute": change, "ReleaseAddress": change, "DeleteNatGateway": change,
	"DeleteRouteTable": change, "AssociateRouteTable": change, "DisassociateRouteTable": change, "ReplaceRouteTableAssociation": change,
	"DeleteVpcPeeringConnection": change, "DeleteSecurityGroup": change, "TerminateInstances": change,
	"DeleteNetworkInterface": attach, // the network plugin's, which carry its own tags
	"DeleteVolume":           change,
}

// scopeOf is every call that can be made, with its scope.
var scopeOf = allCalls()

func allCalls() map[Call]scope {
	all := map[Call]scope{}
	add := func(service string, api reflect.Type, of func(name string) scope) {
		for method := range api.Methods() {
			name := method.Name
			if onlyReads(name) {
				all[Call{service, name}] = read
			} else {
				all[Call{service, name}] = of(name)
			}
		}
	}
	add("ec2", reflect.TypeFor[EC2](), func(name string) scope {
		if s, ok := ec2Scopes[name]; ok {
			return s
		}
		return attach
	})
	add("eks", reflect.TypeFor[EKS](), func(string) scope { return clusters })
	add("iam", reflect.TypeFor[IAM](), func(string) scope { return roles })
	for service, api := range map[string]reflect.Type{"sts": reflect.TypeFor[STS](), "ssm": reflect.TypeFor[SSM](), "servicequotas": reflect.TypeFor[Quotas]()} {
		add(service, api, func(string) scope { return read })
	}
	return all
}

func onlyReads(name string) bool {
	for _, p := range []string{"Describe", "List", "Get"} {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

// PolicyDocument is one of IAM.
type PolicyDocument struct {
	Version   string
	Statement []Statement
}

// Statement allows some actions.
type Statement struct {
	Sid       string
	Effect    string
	Action    []string
	Resource  any                       // a text or a list
	Condition map[string]map[string]any `json:",omitempty"`
}

// Policy implements provision.Provider: an IAM policy, as JSON.
func (c *Cloud) Policy(fleet string) ([]byte, error) { return PolicyFor(c.partition, fleet).JSON() }

// PolicyFor is the least that the calls of this program need for one fleet. It
// is derived from the interfaces in api.go: a call that can be made is in it.
func PolicyFor(partition, fleet string) PolicyDocument {
	actions := map[scope][]string{}
	for call, s := range scopeOf {
		actions[s] = append(actions[s], call.String())
	}
	for _, list := range actions {
		slices.Sort(list)
	}
	fleetTag := func(key string) map[string]map[string]any {
		return map[string]map[string]any{"StringEquals": {key + infra.TagFleet: fleet}}
	}
	arn := func(format string, args ...any) string {
		return "arn:" + partition + ":" + fmt.Sprintf(format, args...)
	}
	ofFleet := []string{arn("iam::*:role%s*", desired.RolePath(fleet)), arn("iam::*:instance-profile%s*", desired.RolePath(fleet))}
	ec2All := arn("ec2:*:*:*/*")
	// An action on several resources is allowed when each of them is.
	made := []string{arn("ec2:*:*:subnet/*"), arn("ec2:*:*:natgateway/*"), arn("ec2:*:*:route-table/*"), arn("ec2:*:*:security-group/*"), arn("ec2:*:*:vpc-peering-connection/*"), arn("ec2:*:*:instance/*"), arn("ec2:*:*:volume/*")}
	return PolicyDocument{Version: "2012-10-17", Statement: []Statement{
		{Sid: "Look", Effect: "Allow", Action: actions[read], Resource: "*"},
		{Sid: "MakeWithTag", Effect: "Allow", Action: actions[create], Resource: ec2All, Condition: fleetTag("aws:RequestTag/")},
		{Sid: "TagWhatIsMade", Effect: "Allow", Action: actions[tagging], Resource: ec2All, Condition: map[string]map[string]any{
			"StringEquals": {"aws:RequestTag/" + infra.TagFleet: fleet}}},
		{Sid: "RetagTheFleets", Effect: "Allow", Action: actions[tagging], Resource: ec2All, Condition: fleetTag("aws:ResourceTag/")},
		{Sid: "ChangeTheFleets", Effect: "Allow", Action: actions[change], Resource: ec2All, Condition: fleetTag("aws:ResourceTag/")},
		{Sid: "MakeInNetworks", Effect: "Allow", Action: creating(actions[attach]), Resource: made, Condition: fleetTag("aws:RequestTag/")},
		{Sid: "JoinNetworks", Effect: "Allow", Action: actions[attach], Resource: []string{
			arn("ec2:*:*:vpc/*"), arn("ec2:*:*:subnet/*"), arn("ec2:*:*:route-table/*"), arn("ec2:*:*:security-group/*"), arn("ec2:*:*:security-group-rule/*"), arn("ec2:*:*:vpc-peering-connection/*"),
			arn("ec2:*:*:elastic-ip/*"), arn("ec2:*:*:network-interface/*"), arn("ec2:*::image/*")}},
		{Sid: "Clusters", Effect: "Allow", Action: actions[clusters], Resource: []string{
			arn("eks:*:*:cluster/%s-*", fleet), arn("eks:*:*:nodegroup/%s-*/*/*", fleet), arn("eks:*:*:addon/%s-*/*/*", fleet), arn("eks:*:*:access-entry/%s-*/*", fleet), arn("eks:*:*:podidentityassociation/%s-*/*", fleet)}},
		{Sid: "Roles", Effect: "Allow", Action: actions[roles], Resource: ofFleet},
		{Sid: "HandRolesToServices", Effect: "Allow", Action: []string{"iam:GetRole", "iam:PassRole"}, Resource: ofFleet[0], Condition: map[string]map[string]any{
			"StringEqualsIfExists": {"iam:PassedToService": []string{"eks.amazonaws.com", "ec2.amazonaws.com", "pods.eks.amazonaws.com"}}}},
		{Sid: "ServicesOwnRoles", Effect: "Allow", Action: []string{"iam:CreateServiceLinkedRole"}, Resource: "*", Condition: map[string]map[string]any{
			"StringEquals": {"iam:AWSServiceName": []string{"eks.amazonaws.com", "eks-nodegroup.amazonaws.com", "spot.amazonaws.com"}}}},
	}}
}

// creating are those of the calls that make something which carries a tag.
func creating(actions []string) []string {
	return slices.DeleteFunc(slices.Clone(actions), func(a string) bool {
		return !strings.HasPrefix(a, "ec2:Create") && a != "ec2:RunInstances" || a == "ec2:CreateRoute"
	})
}

// JSON is the document as IAM takes it.
func (p PolicyDocument) JSON() ([]byte, error) { return json.MarshalIndent(p, "", "  ") }

// Allows tells whether an action is in the policy, whatever its resource.
func (p PolicyDocument) Allows(call Call) bool {
	return slices.ContainsFunc(p.Statement, func(s Statement) bool { return slices.Contains(s.Action, call.String()) })
}
