package netlab

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// Rule matches packets that a router forwards. Its zero fields match everything.
type Rule struct {
	Own      bool   // packets that the router itself sends instead, such as ICMP errors
	In, Out  string // links
	From, To netip.Prefix
	Protocol uint8  // unix.IPPROTO_TCP, UDP or ICMP, or 0
	Port     uint16 // destination port; needs a protocol
}

// The table of what is dropped, and its place: before every other filter, so
// that it also ends connections that those let through before.
const (
	dropTable    = "ringspan-drop"
	dropPriority = -10 // filters are at 0
)

// Drop replaces, in one step, what the namespace drops of what it forwards and
// sends.
func (n *Namespace) Drop(rules []Rule) error {
	err := n.Filter(dropTable, func(c *nftables.Conn, table *nftables.Table) {
		chain := func(name string, hook *nftables.ChainHook) *nftables.Chain {
			return c.AddChain(&nftables.Chain{
				Name: name, Table: table, Type: nftables.ChainTypeFilter, Hooknum: hook, Priority: nftables.ChainPriorityRef(dropPriority),
			})
		}
		forward, own := chain("forward", nftables.ChainHookForward), chain("output", nftables.ChainHookOutput)
		for _, r := range rules {
			at := forward
			if r.Own {
				at = own
			}
			c.AddRule(&nftables.Rule{Table: table, Chain: at, Exprs: r.exprs()})
		}
	})
	if err != nil {
		return fmt.Errorf("packet filter of %s: %w", n.name, err)
	}
	return nil
}

// Filter replaces one nftables table of the namespace by what fill adds to it,
// in one transaction: no packet sees half a table.
func (n *Namespace) Filter(name string, fill func(*nftables.Conn, *nftables.Table)) error {
	c, err := nftables.New(nftables.WithNetNSFd(int(n.handle)))
	if err != nil {
		return err
	}
	table := &nftables.Table{Name: name, Family: nftables.TableFamilyIPv4}
	c.AddTable(table) // so that the deletion finds one
	c.DelTable(table)
	c.AddTable(table)
	fill(c, table)
	return c.Flush()
}

// FilterBeside builds a table in as many transactions as build likes to flush,
// which no packet sees, and then puts it in the place of an old one ("" = none)
// in one: hook adds the chains that packets come through.
func (n *Namespace) FilterBeside(old, name string, build, hook func(*nftables.Conn, *nftables.Table) error) error {
	c, err := nftables.New(nftables.WithNetNSFd(int(n.handle)))
	if err != nil {
		return err
	}
	table := &nftables.Table{Name: name, Family: nftables.TableFamilyIPv4}
	c.AddTable(table) // so that the deletion finds one
	c.DelTable(table)
	c.AddTable(table)
	if err := build(c, table); err != nil {
		return err
	}
	if err := hook(c, table); err != nil {
		return err
	}
	if old != "" {
		c.DelTable(&nftables.Table{Name: old, Family: nftables.TableFamilyIPv4})
	}
	return c.Flush()
}

// Masquerade rewrites the source of what leaves the namespace from the given
// range to anywhere but the excluded ranges, as a NAT gateway or the AWS VPC
// CNI's SNAT does. No prefix at all removes it.
func (n *Namespace) Masquerade(from netip.Prefix, except ...netip.Prefix) error {
	return n.Filter("ringspan-nat", func(c *nftables.Conn, table *nftables.Table) {
		if !from.IsValid() {
			return
		}
		chain := c.AddChain(&nftables.Chain{
			Name: "postrouting", Table: table, Type: nftables.ChainTypeNAT,
			Hooknum: nftables.ChainHookPostrouting, Priority: nftables.ChainPriorityNATSource,
		})
		for _, to := range except {
			exprs := append(MatchPrefix(Destination, to), &expr.Verdict{Kind: expr.VerdictReturn})
			c.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: exprs})
		}
		c.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: append(MatchPrefix(Source, from), &expr.Masq{})})
	})
}

func (r Rule) exprs() []expr.Any {
	all := append(MatchLink(expr.MetaKeyIIFNAME, r.In), MatchLink(expr.MetaKeyOIFNAME, r.Out)...)
	all = append(all, MatchPrefix(Source, r.From)...)
	all = append(all, MatchPrefix(Destination, r.To)...)
	all = append(all, MatchPort(r.Protocol, r.Port)...)
	return append(all, &expr.Verdict{Kind: expr.VerdictDrop})
}

// MatchLink matches the link on which a packet comes or goes; no name matches
// all.
func MatchLink(key expr.MetaKey, name string) []expr.Any {
	if name == "" {
		return nil
	}
	padded := make([]byte, unix.IFNAMSIZ)
	copy(padded, name)
	return []expr.Any{
		&expr.Meta{Key: key, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: padded},
	}
}

// Source and Destination are the offsets of the addresses in an IPv4 header.
const (
	Source      = 12
	Destination = 16
)

// MatchPrefix matches an address of the packet; an invalid prefix matches all.
func MatchPrefix(offset uint32, p netip.Prefix) []expr.Any {
	if !p.IsValid() || p.Bits() == 0 {
		return nil
	}
	mask := net.CIDRMask(p.Bits(), 32)
	return []expr.Any{
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: offset, Len: 4},
		&expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: 4, Mask: mask, Xor: make([]byte, 4)},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: p.Masked().Addr().AsSlice()},
	}
}

// MatchPort matches the protocol and, unless it is 0, the destination port.
func MatchPort(protocol uint8, port uint16) []expr.Any {
	if protocol == 0 {
		return nil
	}
	all := []expr.Any{
		&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{protocol}},
	}
	if port == 0 {
		return all
	}
	return append(all,
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseTransportHeader, Offset: 2, Len: 2},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: binaryutil.BigEndian.PutUint16(port)})
}
