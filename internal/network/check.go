package network

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Check follows a connection for every pair of regions, in both directions, to
// each port of the profile, and says what is wrong: one finding for one fault,
// whatever follows from it.
func Check(c Cloud) []Finding {
	k := checker{cloud: &c, byKey: map[string]*fault{}}
	k.pairs(k.pair)
	k.pairs(k.fragmentation)
	return k.findings()
}

func (k *checker) pairs(do func(from, to *Region)) {
	for i := range k.cloud.Regions {
		for j := range k.cloud.Regions {
			if i != j {
				do(&k.cloud.Regions[i], &k.cloud.Regions[j])
			}
		}
	}
}

type checker struct {
	cloud *Cloud
	byKey map[string]*fault
	order []string
}

// fault collects what one cause breaks.
type fault struct {
	Finding

	resources []string
	causes    []string // one for each resource
}

func (k *checker) pair(from, to *Region) {
	for _, port := range Opened() {
		places := to.Pods
		switch {
		case port.Protocol != TCP:
			continue
		case port.To == APIServer:
			places = to.API
		}
		for _, a := range from.Pods {
			for _, b := range places {
				k.connection(from, a, to, b, port)
			}
		}
	}
}

func (k *checker) connection(from *Region, a Endpoint, to *Region, b Endpoint, port Port) {
	if port.To == APIServer {
		port.Number = cmp.Or(b.Port, port.Number)
	}
	out := k.cloud.Follow(from, a, to, b, port)
	if out.Drop == nil {
		if out.Source != a.Address {
			k.rewritten(from, to, b)
		}
		if port.To == Pods && out.MTU < min(a.MTU, b.MTU) {
			k.tooLarge(from, a, to, b, out.MTU)
		}
		return
	}
	d := out.Drop
	f := k.fault(d.key, Finding{Severity: Fault, Check: Reach, From: d.From, To: d.To, BothWays: d.BothWays, Fix: d.Fix})
	f.addCause(d.Resource, d.Cause)
	if flow := (Flow{from.Name, to.Name, port.String()}); !slices.Contains(f.Breaks, flow) {
		f.Breaks = append(f.Breaks, flow)
	}
}

// rewritten: the connection is made, but from the node's address.
func (k *checker) rewritten(from, to *Region, b Endpoint) {
	cidr := to.VPC.rangeOf(b.Address)
	f := k.fault(fmt.Sprint("snat", from.Name, cidr), Finding{Severity: Fault, Check: Source, From: from.Name, To: to.Name,
		Fix: fmt.Sprintf("`ringspan up` would add %s to AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS of add-on vpc-cni in %s", cidr, from.Name)})
	f.addCause("", "pods arrive with their nodes' addresses: the CNI's SNAT rewrites what goes to "+cidr.String())
}

// tooLarge: pods send larger packets than the path allows.
func (k *checker) tooLarge(from *Region, a Endpoint, to *Region, b Endpoint, bytes int) {
	told := groupDrops(end{from, a, a.Address}, end{to, b, b.Address}, Fragmentation, false) == nil &&
		aclDrops(end{from, a, a.Address}, end{to, b, b.Address}, end{from, a, a.Address}, Fragmentation, false, false) == nil
	f := Finding{Severity: Warning, Check: Size, From: from.Name, To: to.Name, Fix: fmt.Sprintf("set POD_MTU of add-on vpc-cni to %d", bytes)}
	cause := fmt.Sprintf("pods send packets of up to %d bytes, and %d pass; path-MTU discovery has to find that out", min(a.MTU, b.MTU), bytes)
	if !told {
		f.Severity, f.Fix = Fault, f.Fix+", or let ICMP type 3 code 4 in (`ringspan up` would)"
		cause = fmt.Sprintf("pods send packets of up to %d bytes, %d pass, and ICMP \"fragmentation needed\" doesn't reach them: larger packets vanish", min(a.MTU, b.MTU), bytes)
	}
	k.fault(sizeKey(from, to, told), f).addCause("", cause)
}

// fragmentation: the ICMP message that tells of a smaller packet size must get
// in, even where nothing needs it today.
func (k *checker) fragmentation(from, to *Region) {
	if _, needed := k.byKey[sizeKey(from, to, false)]; needed {
		return
	}
	for _, a := range from.Pods {
		for _, b := range to.Pods {
			d := groupDrops(end{from, a, a.Address}, end{to, b, b.Address}, Fragmentation, false)
			if d == nil || k.byKey[d.key] != nil {
				continue // or the group lets in nothing, which is reported already
			}
			f := Finding{Severity: Warning, Check: Size, From: d.From, To: d.To, Ports: []string{Fragmentation.String()}, Fix: d.Fix}
			k.fault("fragmentation"+d.key, f).addCause(d.Resource, d.Cause)
		}
	}
}

func sizeKey(from, to *Region, told bool) string { return fmt.Sprint("size", from.Name, to.Name, told) }

// fault is that of a key, made of f when it is new.
func (k *checker) fault(key string, f Finding) *fault {
	if k.byKey[key] == nil {
		k.byKey[key] = &fault{Finding: f}
		k.order = append(k.order, key)
	}
	return k.byKey[key]
}

func (f *fault) addCause(resource, cause string) {
	if !slices.Contains(f.causes, cause) {
		f.causes, f.resources = append(f.causes, cause), append(f.resources, resource)
	}
}

func (k *checker) findings() (all []Finding) {
	for _, key := range k.order {
		f := k.byKey[key]
		f.Cause = strings.Join(f.causes, "; ")
		if f.Check == Reach {
			f.Ports = portsOf(f.Breaks, f.From, f.To)
		}
		all = append(all, f.Finding)
	}
	Sort(all)
	return all
}

// portsOf are the ports that a finding names: those of the direction in which
// packets are dropped, or else those that are answered; none when all are.
func portsOf(flows []Flow, from, to string) []string {
	ports := portsWhere(flows, func(f Flow) bool { return f.From == from && f.To == to })
	if len(ports) == 0 {
		ports = portsWhere(flows, func(Flow) bool { return true })
	}
	for _, p := range Opened() {
		if p.To == Pods && p.Protocol == TCP && !slices.Contains(ports, p.String()) {
			return ports
		}
	}
	return nil
}

func portsWhere(flows []Flow, holds func(Flow) bool) (ports []string) {
	for _, f := range flows {
		if holds(f) && !slices.Contains(ports, f.Port) {
			ports = append(ports, f.Port)
		}
	}
	return ports
}
