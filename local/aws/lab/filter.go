package lab

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"

	"github.com/ringspan/ringspan/local/aws/plane"
	"github.com/ringspan/ringspan/local/netlab"
)

// The router's tables. There are two places for the packet filter, of which one is
// in force. What faults drop is in netlab's own table, which comes first.
const (
	filterTable      = "aws-filter"
	otherFilterTable = "aws-filter-2"
	natTable         = "aws-nat"
)

// filter replaces the router's packet filter, in this order: addresses that an
// interface must not use, access lists of subnets (without state), connections
// that were let through before, groups of the sender, groups of the receiver.
func (v *vpc) filter(want plane.VPC) error {
	description := fmt.Sprint(want.InternetGateway, want.Subnets, want.NetworkACLs, want.SecurityGroups, want.Interfaces, want.NATGateways)
	if v.filters == description {
		return nil
	}
	v.filters = ""
	next := filterTable
	if v.filterTable == filterTable {
		next = otherFilterTable
	}
	f := &filter{vpc: want, subnets: map[string]plane.Subnet{}, groupChains: map[string]*nftables.Chain{}}
	for _, s := range want.Subnets {
		f.subnets[s.ID] = s
	}
	if err := v.router.FilterBeside(v.filterTable, next, func(c *nftables.Conn, table *nftables.Table) error { return f.build(c, table, v.leafs) }, f.hook); err != nil {
		return fmt.Errorf("packet filter of %s: %w", v.id, err)
	}
	v.filters, v.filterTable = description, next
	return nil
}

// filter is a packet filter that is being written.
type filter struct {
	conn    *nftables.Conn
	table   *nftables.Table
	vpc     plane.VPC
	subnets map[string]plane.Subnet

	checks, lists, senders, receivers *nftables.Chain // its stages
	groupChains                       map[string]*nftables.Chain

	unsent int // rules
	err    error
}

// transaction is so many rules that the kernel's answers to them fit into a
// socket's buffer, which holds some 200 kB for users of any kind.
const transaction = 100

// build writes the stages.
func (f *filter) build(c *nftables.Conn, table *nftables.Table, leafs map[string]*leaf) error {
	f.conn, f.table = c, table
	f.checks, f.lists, f.senders, f.receivers = f.chain("checks"), f.chain("lists"), f.chain("senders"), f.chain("receivers")
	var interfaces []plane.Interface
	for _, i := range f.vpc.Interfaces {
		if leafs[i.ID] != nil {
			interfaces = append(interfaces, i)
		}
	}
	for _, i := range interfaces {
		f.checkAddresses(i)
		f.groups(i)
	}
	f.accessLists(interfaces)
	f.flush()
	return f.err
}

// hook lets packets come through the stages.
func (f *filter) hook(c *nftables.Conn, table *nftables.Table) error {
	base := c.AddChain(&nftables.Chain{
		Name: "forward", Table: table, Type: nftables.ChainTypeFilter,
		Hooknum: nftables.ChainHookForward, Priority: nftables.ChainPriorityFilter,
	})
	f.rule(base, jump(f.checks)...)
	f.rule(base, jump(f.lists)...)
	f.rule(base, accept(established()...)...)
	f.rule(base, jump(f.senders)...)
	f.rule(base, jump(f.receivers)...)
	return nil
}

// checkAddresses drops what an interface sends or gets under an address that
// isn't its own, unless the check is off.
func (f *filter) checkAddresses(i plane.Interface) {
	if !i.SourceDestCheck {
		return
	}
	for _, side := range []struct {
		name   string
		link   expr.MetaKey
		offset uint32
	}{{"source-", expr.MetaKeyIIFNAME, netlab.Source}, {"destination-", expr.MetaKeyOIFNAME, netlab.Destination}} {
		chain := f.chain(side.name + linkName(i.ID))
		for _, own := range prefixesOf(i) {
			f.rule(chain, verdict(expr.VerdictReturn, netlab.MatchPrefix(side.offset, own)...)...)
		}
		f.rule(chain, verdict(expr.VerdictDrop)...)
		f.rule(f.checks, jump(chain, onLink(side.link, linkName(i.ID))...)...)
	}
}

// accessLists filters what crosses the border of a subnet.
func (f *filter) accessLists(interfaces []plane.Interface) {
	type member struct{ link, subnet string }
	var members []member
	for _, i := range interfaces {
		members = append(members, member{linkName(i.ID), i.Subnet})
	}
	for _, g := range f.vpc.NATGateways {
		members = append(members, member{linkName(g.ID), g.Subnet})
	}
	out, in := map[string]*nftables.Chain{}, map[string]*nftables.Chain{}
	for n, s := range f.vpc.Subnets {
		at := slices.IndexFunc(f.vpc.NetworkACLs, func(a plane.NetworkACL) bool { return a.ID == s.NetworkACL })
		if at < 0 {
			continue
		}
		acl := f.vpc.NetworkACLs[at]
		out[s.ID] = f.accessList(fmt.Sprintf("acl-out-%d", n), acl, true)
		in[s.ID] = f.accessList(fmt.Sprintf("acl-in-%d", n), acl, false)
	}
	for _, m := range members {
		if chain := out[m.subnet]; chain != nil {
			f.rule(f.lists, jump(chain, append(onLink(expr.MetaKeyIIFNAME, m.link), notIn(netlab.Destination, f.subnets[m.subnet].CIDR)...)...)...)
		}
	}
	for _, m := range members {
		if chain := in[m.subnet]; chain != nil {
			f.rule(f.lists, jump(chain, append(onLink(expr.MetaKeyOIFNAME, m.link), notIn(netlab.Source, f.subnets[m.subnet].CIDR)...)...)...)
		}
	}
}

func (f *filter) accessList(name string, acl plane.NetworkACL, egress bool) *nftables.Chain {
	chain := f.chain(name)
	entries := slices.Clone(acl.Entries)
	slices.SortFunc(entries, func(a, b plane.ACLEntry) int { return a.Number - b.Number })
	for _, e := range entries {
		if e.Egress != egress {
			continue
		}
		offset := uint32(netlab.Source)
		if egress {
			offset = netlab.Destination
		}
		kind := expr.VerdictDrop
		if e.Allow {
			kind = expr.VerdictReturn
		}
		f.rule(chain, verdict(kind, append(netlab.MatchPrefix(offset, e.CIDR), onPorts(e.Protocol, e.From, e.To)...)...)...)
	}
	f.rule(chain, verdict(expr.VerdictDrop)...)
	return chain
}

// groups lets through what any group of the interface allows.
func (f *filter) groups(i plane.Interface) {
	f.rule(f.senders, jump(f.groupChain(i.SecurityGroups, true), onLink(expr.MetaKeyIIFNAME, linkName(i.ID))...)...)
	f.rule(f.receivers, jump(f.groupChain(i.SecurityGroups, false), onLink(expr.MetaKeyOIFNAME, linkName(i.ID))...)...)
}

// groupChain is one for all interfaces with the same groups: with one each, nodes
// that let each other in would have rules by the square of their number.
func (f *filter) groupChain(groups []string, egress bool) *nftables.Chain {
	name, offset := "in-", uint32(netlab.Source)
	if egress {
		name, offset = "out-", netlab.Destination
	}
	name += linkName(strings.Join(slices.Sorted(slices.Values(groups)), ","))
	if chain := f.groupChains[name]; chain != nil {
		return chain
	}
	chain := f.chain(name)
	f.groupChains[name] = chain
	for _, g := range f.vpc.SecurityGroups {
		if !slices.Contains(groups, g.ID) {
			continue
		}
		rules := g.Ingress
		if egress {
			rules = g.Egress
		}
		for _, r := range rules {
			for _, peer := range f.peers(r) {
				f.rule(chain, verdict(expr.VerdictReturn, append(netlab.MatchPrefix(offset, peer), onPorts(r.Protocol, r.From, r.To)...)...)...)
			}
		}
	}
	f.rule(chain, verdict(expr.VerdictDrop)...)
	return chain
}

// peers are the addresses that a group's rule speaks of.
func (f *filter) peers(r plane.GroupRule) []netip.Prefix {
	if r.Group == "" {
		return []netip.Prefix{r.CIDR}
	}
	var all []netip.Prefix
	for _, i := range f.vpc.Interfaces {
		if slices.Contains(i.SecurityGroups, r.Group) {
			all = append(all, prefixesOf(i)...)
		}
	}
	return all
}

func prefixesOf(i plane.Interface) (all []netip.Prefix) {
	for _, a := range i.Addresses {
		all = append(all, netip.PrefixFrom(a, 32))
	}
	return append(all, i.Prefixes...)
}

func (f *filter) chain(name string) *nftables.Chain {
	return f.conn.AddChain(&nftables.Chain{Name: name, Table: f.table})
}

func (f *filter) rule(chain *nftables.Chain, exprs ...expr.Any) {
	f.conn.AddRule(&nftables.Rule{Table: f.table, Chain: chain, Exprs: exprs})
	if f.unsent++; f.unsent >= transaction {
		f.flush()
	}
}

func (f *filter) flush() {
	f.err, f.unsent = errors.Join(f.err, f.conn.Flush()), 0
}

func verdict(kind expr.VerdictKind, match ...expr.Any) []expr.Any {
	return append(match, &expr.Verdict{Kind: kind})
}

func accept(match ...expr.Any) []expr.Any { return verdict(expr.VerdictAccept, match...) }

func jump(to *nftables.Chain, match ...expr.Any) []expr.Any {
	return append(match, &expr.Verdict{Kind: expr.VerdictJump, Chain: to.Name})
}

func onLink(key expr.MetaKey, name string) []expr.Any { return netlab.MatchLink(key, name) }

func notIn(offset uint32, p netip.Prefix) []expr.Any {
	match := netlab.MatchPrefix(offset, p)
	match[len(match)-1].(*expr.Cmp).Op = expr.CmpOpNeq
	return match
}

func established() []expr.Any {
	return []expr.Any{
		&expr.Ct{Key: expr.CtKeySTATE, Register: 1},
		&expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: 4,
			Mask: binaryutil.NativeEndian.PutUint32(expr.CtStateBitESTABLISHED | expr.CtStateBitRELATED), Xor: make([]byte, 4)},
		&expr.Cmp{Op: expr.CmpOpNeq, Register: 1, Data: make([]byte, 4)},
	}
}

// onPorts matches a protocol (-1 = all) and its ports, or ICMP's type and code.
func onPorts(protocol, from, to int) []expr.Any {
	if protocol < 0 {
		return nil
	}
	match := netlab.MatchPort(uint8(protocol), 0)
	if protocol == unix.IPPROTO_ICMP {
		for offset, value := range []int{from, to} {
			if value >= 0 {
				match = append(match,
					&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseTransportHeader, Offset: uint32(offset), Len: 1},
					&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{byte(value)}})
			}
		}
		return match
	}
	if (protocol != unix.IPPROTO_TCP && protocol != unix.IPPROTO_UDP) || from < 0 || (from == 0 && to == 65535) {
		return match
	}
	return append(match,
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseTransportHeader, Offset: 2, Len: 2},
		&expr.Range{Op: expr.CmpOpEq, Register: 1, FromData: binaryutil.BigEndian.PutUint16(uint16(from)), ToData: binaryutil.BigEndian.PutUint16(uint16(to))})
}
