package lab

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"

	"github.com/ringspan/ringspan/local/aws/plane"
	"github.com/ringspan/ringspan/local/netlab"
)

// translate replaces the internet gateway's one-to-one translation of public
// addresses. What has none doesn't leave through it.
func (v *vpc) translate(want plane.VPC) error {
	public := publicAddresses(want)
	description := fmt.Sprint(want.InternetGateway, public)
	if v.nat == description {
		return nil
	}
	v.nat = ""
	err := v.router.Filter(natTable, func(c *nftables.Conn, table *nftables.Table) {
		if v.internet == "" {
			return
		}
		link := linkName(v.internet)
		in := c.AddChain(&nftables.Chain{
			Name: "prerouting", Table: table, Type: nftables.ChainTypeNAT,
			Hooknum: nftables.ChainHookPrerouting, Priority: nftables.ChainPriorityNATDest,
		})
		out := c.AddChain(&nftables.Chain{
			Name: "postrouting", Table: table, Type: nftables.ChainTypeNAT,
			Hooknum: nftables.ChainHookPostrouting, Priority: nftables.ChainPriorityNATSource,
		})
		border := c.AddChain(&nftables.Chain{
			Name: "border", Table: table, Type: nftables.ChainTypeFilter,
			Hooknum: nftables.ChainHookForward, Priority: nftables.ChainPriorityFilter,
		})
		for _, outside := range slices.SortedFunc(maps.Keys(public), netip.Addr.Compare) {
			inside := public[outside]
			arriving := append(onLink(expr.MetaKeyIIFNAME, link), netlab.MatchPrefix(netlab.Destination, netip.PrefixFrom(outside, 32))...)
			c.AddRule(&nftables.Rule{Table: table, Chain: in, Exprs: rewrite(arriving, expr.NATTypeDestNAT, inside)})
			own := netlab.MatchPrefix(netlab.Source, netip.PrefixFrom(inside, 32))
			leaving := append(onLink(expr.MetaKeyOIFNAME, link), own...)
			c.AddRule(&nftables.Rule{Table: table, Chain: out, Exprs: rewrite(slices.Clone(leaving), expr.NATTypeSourceNAT, outside)})
			c.AddRule(&nftables.Rule{Table: table, Chain: border, Exprs: accept(leaving...)})
		}
		c.AddRule(&nftables.Rule{Table: table, Chain: border, Exprs: verdict(expr.VerdictDrop, onLink(expr.MetaKeyOIFNAME, link)...)})
	})
	if err != nil {
		return fmt.Errorf("address translation of %s: %w", v.id, err)
	}
	v.nat = description
	return nil
}

func rewrite(match []expr.Any, kind expr.NATType, to netip.Addr) []expr.Any {
	return append(match,
		&expr.Immediate{Register: 1, Data: to.AsSlice()},
		&expr.NAT{Type: kind, Family: unix.NFPROTO_IPV4, RegAddrMin: 1})
}
