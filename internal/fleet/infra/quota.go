package infra

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Quota is a limit of the account in one region.
type Quota struct {
	Region  string `json:"region"`
	Name    string `json:"name"`
	Code    string `json:"code"` // of Service Quotas
	Limit   int    `json:"limit"`
	Used    int    `json:"used"`    // by everything in the account
	Assumed bool   `json:"assumed"` // the limit is AWS's default: the account's own could not be read
	Needed  int    `json:"needed"`  // by the steps of a plan
}

// Exceeded says that a plan can't be carried out.
func (q Quota) Exceeded() bool { return q.Needed > 0 && q.Used+q.Needed > q.Limit }

func (q Quota) String() string {
	return fmt.Sprintf("%s: %d %s are needed, %d of %d are in use (quota %s)", q.Region, q.Needed, q.Name, q.Used, q.Limit, q.Code)
}

// Quotas that a fleet meets first, and what AWS gives every account.
var Quotas = []struct {
	Kind    Kind
	Name    string
	Service string
	Code    string
	Default int
}{
	{Network, "VPCs", "vpc", "L-F678F1CE", 5},
	{Gateway, "internet gateways", "vpc", "L-A4707A72", 5},
	{Address, "Elastic IP addresses", "ec2", "L-0263D0A3", 5},
	{Cluster, "EKS clusters", "eks", "L-1194D53C", 100},
	{VCPU, "virtual CPUs of standard instances on demand", "ec2", "L-1216C47A", 0},
	{SpotVCPU, "virtual CPUs of standard spot instances", "ec2", "L-34B43A08", 0},
}

// Kinds that only quotas count. What AWS gives new accounts of them differs, so
// that there is no default.
const (
	VCPU     Kind = "virtual CPU"
	SpotVCPU Kind = "virtual CPU of spot instances"
)

// Standard tells whether an instance type counts against the quotas of standard
// instances: the families of the letters A, C, D, H, I, M, R, T and Z, but for
// some with quotas of their own (Amazon EC2, "On-Demand Instance quotas").
func Standard(instanceType string) bool {
	for _, own := range []string{"dl", "hpc", "inf", "mac", "trn"} {
		if strings.HasPrefix(instanceType, own) {
			return false
		}
	}
	return instanceType != "" && strings.IndexByte("acdhimrtz", instanceType[0]) >= 0
}

// Limits within one resource; a plan that breaks them can't be carried out
// however empty the account is.
const (
	rulesPerGroup  = 60 // inbound, of a security group
	peeringsPerVPC = 50 // active ones
)

// check counts what the steps make against the quotas.
func check(seen *Seen, steps []Step) []Quota {
	out := slices.Clone(seen.Quotas)
	for i := range out {
		for _, q := range Quotas {
			if q.Code != out[i].Code {
				continue
			}
			for j := range steps {
				if s := &steps[j]; s.Region == out[i].Region {
					out[i].Needed += needs(s, q.Kind, seen.VCPUs)
				}
			}
		}
	}
	return out
}

// needs is how much of a quota a step takes.
func needs(s *Step, of Kind, vcpus map[string]int) int {
	if of != VCPU && of != SpotVCPU {
		if s.Verb == Create && s.Kind == of {
			return 1
		}
		return 0
	}
	if s.Resource == nil || s.Verb != Create && s.Verb != Change || s.Kind != NodePool && s.Kind != Machine {
		return 0
	}
	machine := s.Resource.Attribute("instanceType")
	if !Standard(machine) || (s.Resource.Attribute("capacity") == "SPOT") != (of == SpotVCPU) {
		return 0
	}
	if s.Kind == Machine {
		return vcpus[machine]
	}
	more := count(s.Resource.Attribute("count"))
	if s.Verb == Change {
		more -= count(s.Found.Have["count"])
	}
	return max(more, 0) * vcpus[machine]
}

func count(text string) int {
	n, _ := strconv.Atoi(text) // written by Desire and by what was found, from numbers
	return n
}
