package aws

import (
	"strings"

	"github.com/ringspan/ringspan/internal/fleet/infra"
)

// quotas that a fleet meets first, and what AWS gives every account. What it gives new
// accounts of virtual CPUs differs, so that there is no default.
var quotas = []struct {
	Kind    infra.Kind
	Name    string
	Service string
	Code    string // of Service Quotas
	Default int
}{
	{infra.Network, "VPCs", "vpc", "L-F678F1CE", 5},
	{infra.Gateway, "internet gateways", "vpc", "L-A4707A72", 5},
	{infra.Address, "Elastic IP addresses", "ec2", "L-0263D0A3", 5},
	{infra.Cluster, "EKS clusters", "eks", "L-1194D53C", 100},
	{infra.VCPU, "virtual CPUs of standard instances on demand", "ec2", "L-1216C47A", 0},
	{infra.SpotVCPU, "virtual CPUs of standard spot instances", "ec2", "L-34B43A08", 0},
}

// standard tells whether an instance type counts against the quotas of standard
// instances: the families of the letters A, C, D, H, I, M, R, T and Z, but for
// some with quotas of their own (Amazon EC2, "On-Demand Instance quotas").
func standard(instanceType string) bool {
	for _, own := range []string{"dl", "hpc", "inf", "mac", "trn"} {
		if strings.HasPrefix(instanceType, own) {
			return false
		}
	}
	return instanceType != "" && strings.IndexByte("acdhimrtz", instanceType[0]) >= 0
}
