package ec2

import (
	"strings"

	"github.com/ringspan/ringspan/local/aws/wire"
	"github.com/ringspan/ringspan/local/aws/world"
)

const (
	lifecycleSpot = "spot"
	standardVCPUs = 64 // of a region, on demand and again as spot
)

// vcpuLimit refuses a machine with more virtual CPUs than are left of the quota
// of standard instances. Those of other families have quotas that this cloud
// hasn't.
func (a *API) vcpuLimit(m machine, spot bool) error {
	if !m.standard() {
		return nil
	}
	code := world.OnDemandVCPUs
	if spot {
		code = world.SpotVCPUs
	}
	used := 0
	for _, n := range a.region.Instances.All() {
		if n.gone() || (n.InstanceLifecycle == lifecycleSpot) != spot {
			continue
		}
		for _, other := range machines {
			if other.name == n.InstanceType && other.standard() {
				used += other.vcpus
			}
		}
	}
	limit := a.world.Quota(a.region.Name, code, standardVCPUs)
	if float64(used+m.vcpus) <= limit {
		return nil
	}
	if spot {
		return wire.Errorf("MaxSpotInstanceCountExceeded", "Max spot instance count exceeded")
	}
	return wire.Errorf("VcpuLimitExceeded", "You have requested more vCPU capacity than your current vCPU limit of %d allows for the instance bucket that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.", int(limit))
}

// standard families are those of the letters A, C, D, H, I, M, R, T and Z.
func (m machine) standard() bool { return strings.IndexByte("acdhimrtz", m.name[0]) >= 0 }
