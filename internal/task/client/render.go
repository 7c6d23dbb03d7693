package client

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// Table lists tasks, a line each.
func Table(out io.Writer, all []View) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAMESPACE\tNAME\tCOMMAND\tDATACENTERS\tSTATE\tPODS\tSTARTED\tMESSAGE")
	for i := range all {
		v := &all[i]
		var names []string
		for _, d := range v.Datacenters {
			names = append(names, d.Name)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", v.Namespace, v.Name, v.Command, orDash(strings.Join(names, ",")), v.State, podsOf(v.Datacenters), at(v.Started), v.Message)
	}
	return w.Flush()
}

// Render shows one task, with its datacenters and pods.
func Render(out io.Writer, v *View) error {
	fmt.Fprintf(out, "%s: %s, %s\n", v.Is(), v.Command, v.State)
	for _, line := range []struct{ name, text string }{
		{"ring", v.Ring}, {"made by ScheduledTask", v.Schedule}, {"part of K8ssandraTask", v.PartOf},
		{"started", at(v.Started)}, {"ended", at(v.Ended)}, {"unreachable", strings.Join(v.Unreachable, ", ")}, {"message", v.Message},
	} {
		if line.text != "" && line.text != "-" {
			fmt.Fprintf(out, "  %s: %s\n", line.name, line.text)
		}
	}
	if len(v.Datacenters) == 0 {
		return nil
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nDATACENTER\tREGION\tSTATE\tPODS\tMESSAGE")
	pods := 0
	for _, d := range v.Datacenters {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", d.Name, orDash(d.Region), d.State, podsOf([]Datacenter{d}), d.Message)
		pods += len(d.Pods)
	}
	if err := w.Flush(); err != nil || pods == 0 {
		return err
	}
	w = tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nPOD\tSTATE\tTRIES\tERROR")
	for _, d := range v.Datacenters {
		for _, p := range d.Pods {
			fmt.Fprintf(w, "%s\t%s\t%d\t%s\n", p.Pod, p.State, p.Tries, p.Error)
		}
	}
	return w.Flush()
}

// podsOf are how many pods are done, and how many are known of.
func podsOf(datacenters []Datacenter) string {
	v := View{Datacenters: datacenters}
	done, all := v.Count()
	if all == 0 {
		return "-"
	}
	return fmt.Sprintf("%d/%d", done, all)
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

func at(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.Format(time.RFC3339)
}
