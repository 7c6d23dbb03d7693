// Package ssm answers the few calls of AWS Systems Manager that clusters and
// jump hosts need: Amazon's public parameters that name machine images, and
// which machines Session Manager reaches. It keeps nothing of its own. Start
// reading at API.
package ssm

import (
	"context"
	"time"

	"github.com/ringspan/ringspan/local/aws/ec2"
	"github.com/ringspan/ringspan/local/aws/wire"
)

// API is Systems Manager as one request sees it: in a region. Its methods are
// the calls; they run inside World.Do.
type API struct {
	Region string
	EC2    *ec2.API
	Now    time.Time
}

// Parameter is a named value.
type Parameter struct {
	Name, Type, Value, ARN, DataType string
	Version                          int
	LastModifiedDate                 time.Time
}

var published = time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)

func (a *API) parameter(name string) *Parameter {
	for _, i := range ec2.Images(a.Region) {
		if i.Parameter == name {
			return &Parameter{name, "String", i.ImageId, "arn:aws:ssm:" + a.Region + "::parameter" + name, "text", 1, published}
		}
	}
	return nil
}

// GetParameterInput is GetParameter's.
type GetParameterInput struct {
	Name           string
	WithDecryption bool
}

// GetParameterOutput is GetParameter's.
type GetParameterOutput struct {
	Parameter *Parameter
}

// GetParameter tells a public parameter.
func (a *API) GetParameter(_ context.Context, in *GetParameterInput) (*GetParameterOutput, error) {
	p := a.parameter(in.Name)
	if p == nil {
		return nil, wire.Errorf("ParameterNotFound", "Parameter %s not found.", in.Name)
	}
	return &GetParameterOutput{p}, nil
}

// GetParametersInput is GetParameters's.
type GetParametersInput struct {
	Names          []string
	WithDecryption bool
}

// GetParametersOutput is GetParameters's.
type GetParametersOutput struct {
	Parameters        []*Parameter
	InvalidParameters []string
}

// GetParameters tells several public parameters.
func (a *API) GetParameters(_ context.Context, in *GetParametersInput) (*GetParametersOutput, error) {
	out := &GetParametersOutput{}
	for _, name := range in.Names {
		if p := a.parameter(name); p != nil {
			out.Parameters = append(out.Parameters, p)
		} else {
			out.InvalidParameters = append(out.InvalidParameters, name)
		}
	}
	return out, nil
}

// InstanceInformation is a machine that Session Manager reaches.
type InstanceInformation struct {
	InstanceId, PingStatus, AgentVersion, PlatformType, PlatformName, ResourceType, IPAddress, ComputerName string
	IsLatestVersion                                                                                         bool
	LastPingDateTime                                                                                        time.Time
}

// DescribeInstanceInformationInput is DescribeInstanceInformation's.
type DescribeInstanceInformationInput struct {
	Filters []struct {
		Key    string
		Values []string
	}
	MaxResults int
	NextToken  string
}

// DescribeInstanceInformationOutput is DescribeInstanceInformation's.
type DescribeInstanceInformationOutput struct {
	InstanceInformationList []InstanceInformation
}

// DescribeInstanceInformation lists the machines that run and have an instance
// profile, in one page. Filters by InstanceIds are acted on.
func (a *API) DescribeInstanceInformation(_ context.Context, in *DescribeInstanceInformationInput) (*DescribeInstanceInformationOutput, error) {
	wanted := func(string) bool { return true }
	for _, f := range in.Filters {
		if f.Key != "InstanceIds" {
			return nil, wire.Errorf("InvalidInstanceInformationFilterValue", "this cloud filters by InstanceIds only, not by %s", f.Key)
		}
		ids := map[string]bool{}
		for _, id := range f.Values {
			ids[id] = true
		}
		wanted = func(id string) bool { return ids[id] }
	}
	out := &DescribeInstanceInformationOutput{}
	for _, n := range a.EC2.Managed() {
		if wanted(n.InstanceId) {
			out.InstanceInformationList = append(out.InstanceInformationList, InstanceInformation{
				n.InstanceId, "Online", "3.3.1802.0", "Linux", "Amazon Linux", "EC2Instance", n.PrivateIpAddress, n.PrivateDnsName, true, a.Now,
			})
		}
	}
	return out, nil
}
