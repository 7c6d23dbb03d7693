package ringstatus

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// Render writes the status laid out like nodetool's.
func Render(out io.Writer, s Status) error {
	var b strings.Builder
	for _, d := range s.Datacenters {
		renderDatacenter(&b, s, d)
	}
	for _, n := range s.Nodes {
		if len(n.SeenDownBy) > 0 {
			fmt.Fprintf(&b, "%s (%s) is up, but not for the nodes of %s.\n", n.Address, or(n.Pod, n.Rack), strings.Join(n.SeenDownBy, ", "))
		}
	}
	for _, r := range s.Regions {
		renderRegion(&b, r)
	}
	for _, f := range s.Faults {
		fmt.Fprintf(&b, "Fault in force since %s: %s\n", stamp(f.Since), strings.Join(append([]string{f.Kind}, f.Args...), " "))
	}
	if s.Keyspace != "" {
		fmt.Fprintf(&b, "Owns (effective) speaks of keyspace %s.\n", s.Keyspace)
	}
	switch {
	case s.Ready:
		fmt.Fprintf(&b, "Ring %s is ready.\n", s.Ring)
	default:
		fmt.Fprintf(&b, "Ring %s is not ready%s.\n", s.Ring, prefixed(": ", strings.TrimSuffix(s.Message, ".")))
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func renderDatacenter(b *strings.Builder, s Status, d Datacenter) {
	head := "Datacenter: " + d.Name
	if d.External {
		head += " (external)"
	}
	if d.Region != "" {
		head += " (" + d.Region + ")"
	}
	fmt.Fprintf(b, "%s\n%s\n", head, strings.Repeat("=", len(head)))
	fmt.Fprint(b, "Status=Up/Down\n|/ State=Normal/Leaving/Joining/Moving\n")
	w := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "--\tAddress\tLoad\tTokens\tOwns (effective)\tHost ID\tRack\tPod")
	for _, n := range s.Nodes {
		if n.Datacenter == d.Name {
			fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\t%s\t%s\t%s\n", n.State, n.Address, size(n.Load), n.Tokens, percent(n.OwnsEffective), n.HostID, n.Rack, or(n.Pod, "?"))
		}
	}
	_ = w.Flush() // a strings.Builder takes all
	if d.Message != "" {
		fmt.Fprintf(b, "%s\n", d.Message)
	}
	fmt.Fprintln(b)
}

func renderRegion(b *strings.Builder, r Region) {
	if !r.Reachable {
		fmt.Fprintf(b, "Region %s can't be reached from here: %s\n", r.Name, r.Message)
	}
	for _, p := range r.Peers {
		if !p.Reachable {
			fmt.Fprintf(b, "Region %s has not reached region %s since %s%s\n", r.Name, p.Region, stamp(p.Since), prefixed(": ", p.Message))
		}
	}
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func percent(share *float64) string {
	if share == nil {
		return "?"
	}
	return fmt.Sprintf("%.1f%%", *share*100)
}

// size is nodetool's form of bytes.
func size(bytes float64) string {
	if bytes == 0 {
		return "?"
	}
	for _, unit := range []string{"bytes", "KiB", "MiB", "GiB"} {
		if bytes < 1024 {
			return fmt.Sprintf("%.2f %s", bytes, unit)
		}
		bytes /= 1024
	}
	return fmt.Sprintf("%.2f TiB", bytes)
}

func or(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}
