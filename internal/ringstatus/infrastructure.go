package ringstatus

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/ringspan/ringspan/internal/fleet/infra"
)

// RenderInfrastructure writes what there is in AWS: a line a region, and a line
// for each peering that isn't active.
func RenderInfrastructure(out io.Writer, i *Infrastructure) error {
	var b strings.Builder
	head := "Infrastructure in account " + i.Account
	fmt.Fprintf(&b, "%s\n%s\n", head, strings.Repeat("=", len(head)))
	if i.Message != "" {
		fmt.Fprintln(&b, i.Message)
	}
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	if len(i.Sites) > 0 {
		fmt.Fprintln(w, "Region\tVPC\tRange\tCluster\tKubernetes\tControl plane\tNodes")
	}
	for _, s := range i.Sites {
		nodes := "-"
		if s.Machines != "" {
			nodes = strconv.Itoa(s.Nodes) + " " + string(s.Machines)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", s.Name, or(s.Network, "-"), or(s.CIDR, "-"), or(s.Cluster, "-"), or(or(s.Runs, s.Version), "-"), or(string(s.Control), "-"), nodes)
	}
	_ = w.Flush() // a strings.Builder takes all
	for _, s := range i.Sites {
		if s.Detail != "" {
			fmt.Fprintf(&b, "%s: %s\n", s.Name, s.Detail)
		}
	}
	active := 0
	for _, p := range i.Peerings {
		if p.Status == "active" {
			active++
			continue
		}
		fmt.Fprintf(&b, "Peering %s of %s and %s is %s%s\n", p.ID, p.From, p.To, p.Status, prefixed(": ", p.Detail))
	}
	if i.Message == "" {
		fmt.Fprintf(&b, "%d of %d peerings are active.\n", active, len(i.Peerings))
	}
	fmt.Fprintln(&b)
	_, err := io.WriteString(out, b.String())
	return err
}

// NewInfrastructure is what was found of a fleet in an account.
func NewInfrastructure(account string, found []infra.Found) *Infrastructure {
	return &Infrastructure{Account: account, Summary: infra.Summarize(found)}
}
