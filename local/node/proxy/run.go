package proxy

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"time"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"github.com/ringspan/ringspan/local/netlab"
)

const tableName = "ringspan-services"

// Run keeps the namespaces' tables in step with the cluster until the context
// ends. What can't be written is reported and tried again.
func Run(ctx context.Context, client kubernetes.Interface, namespaces []*netlab.Namespace, report func(error)) {
	factory := informers.NewSharedInformerFactory(client, 0)
	services, endpointSlices := factory.Core().V1().Services(), factory.Discovery().V1().EndpointSlices()
	changed := make(chan struct{}, 1)
	wake := func(any) {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	handler := cache.ResourceEventHandlerFuncs{AddFunc: wake, UpdateFunc: func(_, o any) { wake(o) }, DeleteFunc: wake}
	_, _ = services.Informer().AddEventHandler(handler) // fails only after a stop
	_, _ = endpointSlices.Informer().AddEventHandler(handler)
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	defer factory.Shutdown()

	var current []Target
	for first := true; ; first = false {
		all, _ := services.Lister().List(labels.Everything()) // from memory: cannot fail
		list, _ := endpointSlices.Lister().List(labels.Everything())
		next := Targets(all, list)
		if first || !reflect.DeepEqual(current, next) {
			if err := write(namespaces, next); err != nil {
				report(err)
				time.AfterFunc(time.Second, func() { wake(nil) })
			} else {
				current = next
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
	}
}

// Clear ends the translation in the namespaces.
func Clear(namespaces []*netlab.Namespace) error { return write(namespaces, nil) }

func write(namespaces []*netlab.Namespace, targets []Target) error {
	var errs []error
	for _, n := range namespaces {
		err := n.Filter(tableName, func(c *nftables.Conn, table *nftables.Table) { fill(c, table, targets) })
		if err != nil {
			errs = append(errs, fmt.Errorf("services on %s: %w", n.Name(), err))
		}
	}
	return errors.Join(errs...)
}

func fill(c *nftables.Conn, table *nftables.Table, targets []Target) {
	nat := func(name string, hook *nftables.ChainHook, priority *nftables.ChainPriority) *nftables.Chain {
		return c.AddChain(&nftables.Chain{Name: name, Table: table, Type: nftables.ChainTypeNAT, Hooknum: hook, Priority: priority})
	}
	filter := func(name string, hook *nftables.ChainHook) *nftables.Chain {
		return c.AddChain(&nftables.Chain{Name: name, Table: table, Type: nftables.ChainTypeFilter, Hooknum: hook, Priority: nftables.ChainPriorityFilter})
	}
	incoming := nat("prerouting", nftables.ChainHookPrerouting, nftables.ChainPriorityNATDest)
	local := nat("output", nftables.ChainHookOutput, nftables.ChainPriorityNATDest)
	leaving := nat("postrouting", nftables.ChainHookPostrouting, nftables.ChainPriorityNATSource)
	forward, own := filter("forward", nftables.ChainHookForward), filter("filter-output", nftables.ChainHookOutput)
	hairpin := map[netip.Addr]bool{}
	for _, t := range targets {
		match := func() []expr.Any {
			return append(netlab.MatchPrefix(netlab.Destination, netip.PrefixFrom(t.Address, 32)), netlab.MatchPort(t.Protocol, t.Port)...)
		}
		if len(t.Endpoints) == 0 {
			for _, chain := range []*nftables.Chain{forward, own} {
				c.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: append(match(), reject(t.Protocol)...)})
			}
			continue
		}
		for i, e := range t.Endpoints {
			choice := append(match(), oneIn(len(t.Endpoints)-i)...)
			for _, chain := range []*nftables.Chain{incoming, local} {
				c.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: append(choice, translate(e)...)})
			}
			if !hairpin[e.Address] { // a pod that reaches itself through its service must not see its own address
				hairpin[e.Address] = true
				p := netip.PrefixFrom(e.Address, 32)
				exprs := append(netlab.MatchPrefix(netlab.Source, p), netlab.MatchPrefix(netlab.Destination, p)...)
				c.AddRule(&nftables.Rule{Table: table, Chain: leaving, Exprs: append(exprs, &expr.Masq{})})
			}
		}
	}
}

// oneIn matches one connection in n, by chance.
func oneIn(n int) []expr.Any {
	if n == 1 {
		return nil
	}
	return []expr.Any{
		&expr.Numgen{Register: 1, Modulus: uint32(n), Type: unix.NFT_NG_RANDOM},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: binaryutil.NativeEndian.PutUint32(0)},
	}
}

func translate(e Endpoint) []expr.Any {
	return []expr.Any{
		&expr.Immediate{Register: 1, Data: e.Address.AsSlice()},
		&expr.Immediate{Register: 2, Data: binaryutil.BigEndian.PutUint16(e.Port)},
		&expr.NAT{Type: expr.NATTypeDestNAT, Family: unix.NFPROTO_IPV4, RegAddrMin: 1, RegProtoMin: 2},
	}
}

func reject(protocol uint8) []expr.Any {
	if protocol == unix.IPPROTO_TCP {
		return []expr.Any{&expr.Reject{Type: unix.NFT_REJECT_TCP_RST}}
	}
	return []expr.Any{&expr.Reject{Type: unix.NFT_REJECT_ICMP_UNREACH, Code: 3}}
}
