package infra

import (
	"fmt"
	"slices"
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
	{VPC, "VPCs", "vpc", "L-F678F1CE", 5},
	{InternetGateway, "internet gateways", "vpc", "L-A4707A72", 5},
	{Address, "Elastic IP addresses", "ec2", "L-0263D0A3", 5},
	{Cluster, "EKS clusters", "eks", "L-1194D53C", 100},
}

// Limits within one resource; a plan that breaks them can't be carried out
// however empty the account is.
const (
	rulesPerGroup  = 60 // inbound, of a security group
	peeringsPerVPC = 50 // active ones
)

// check counts what the steps make against the quotas.
func check(quotas []Quota, steps []Step) []Quota {
	out := slices.Clone(quotas)
	for i := range out {
		for _, q := range Quotas {
			if q.Code != out[i].Code {
				continue
			}
			for _, s := range steps {
				if s.Verb == Create && s.Kind == q.Kind && s.Region == out[i].Region {
					out[i].Needed++
				}
			}
		}
	}
	return out
}
