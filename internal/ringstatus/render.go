package ringstatus

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// Render writes the status laid out like nodetool's.
func Render(out io.Writer, s Status) error {
	for _, d := range s.Datacenters {
		head := "Datacenter: " + d.Name
		if d.Region != "" {
			head += " (" + d.Region + ")"
		}
		fmt.Fprintf(out, "%s\n%s\n", head, line(len(head)))
		fmt.Fprint(out, "Status=Up/Down\n|/ State=Normal/Leaving/Joining/Moving\n")
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "--\tAddress\tLoad\tTokens\tOwns (effective)\tHost ID\tRack\tPod")
		for _, n := range s.Nodes {
			if n.Datacenter == d.Name {
				fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%.1f%%\t%s\t%s\t%s\n", n.State, n.Address, size(n.Load), n.Tokens, n.OwnsEffective*100, n.HostID, n.Rack, n.Pod)
			}
		}
		if err := w.Flush(); err != nil {
			return err
		}
		if d.Message != "" {
			fmt.Fprintln(out, d.Name+":", d.Message)
		}
		fmt.Fprintln(out)
	}
	for _, r := range s.Regions {
		if !r.Reachable {
			fmt.Fprintf(out, "region %s can't be reached: %s\n", r.Name, r.Message)
		}
	}
	state := "ready"
	if !s.Ready {
		state = "not ready"
		if s.Message != "" {
			state += ": " + s.Message
		}
	}
	_, err := fmt.Fprintf(out, "Ring %s is %s.\n", s.Ring, state)
	return err
}

func line(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = '='
	}
	return string(b)
}

// size is nodetool's form of bytes.
func size(bytes float64) string {
	for _, unit := range []string{"bytes", "KiB", "MiB", "GiB"} {
		if bytes < 1024 {
			return fmt.Sprintf("%.2f %s", bytes, unit)
		}
		bytes /= 1024
	}
	return fmt.Sprintf("%.2f TiB", bytes)
}
