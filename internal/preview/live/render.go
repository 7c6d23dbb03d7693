package live

import (
	"fmt"
	"io"
	"strings"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/preview"
	"github.com/ringspan/ringspan/internal/words"
)

// Source is the file that the edit is from, if it is from one.
type Source struct {
	Path string
	Line func(field string) int // where it says a field; nil without a file
}

// Render says what an edit does, for people.
func Render(out io.Writer, r *Report, from Source) {
	noun := "Ring"
	if r.Kind == "CassandraDatacenter" {
		noun = "Datacenter"
	}
	fmt.Fprintf(out, "\n%s %s/%s\n", noun, r.Namespace, r.Name)
	switch {
	case r.New:
		fmt.Fprintln(out, "  It isn't there yet: all of it is made.")
	case !r.Changes() && len(r.Unknown) == 0 && len(r.Refused) == 0:
		fmt.Fprintln(out, "  Nothing to do: it is as the file says.")
	}
	for _, e := range r.Edits {
		if from.Line == nil {
			fmt.Fprintf(out, "  spec.%s\n", e)
			continue
		}
		fmt.Fprintf(out, "  %s:%d: spec.%s\n", from.Path, from.Line("spec."+e.Path), e)
	}
	for _, why := range r.Refused {
		fmt.Fprintf(out, "  Refused: %s\n", why)
	}
	for _, u := range r.Unknown {
		fmt.Fprintf(out, "  Region %s can't be asked, and what happens in %s isn't known: %s\n", u.Region, strings.Join(u.Datacenters, ", "), u.Why)
	}
	for i := range r.Datacenters {
		printDatacenter(out, &r.Datacenters[i])
	}
}

func printDatacenter(out io.Writer, d *Datacenter) {
	fmt.Fprintf(out, "\n  %s", d.Name)
	if d.Region != "" {
		fmt.Fprintf(out, " (%s)", d.Region)
	}
	fmt.Fprintf(out, ": %s\n", summary(d))
	if d.Leaves {
		fmt.Fprintf(out, "    The ring's spec doesn't have it any more: its nodes leave the ring, then it is deleted with its volumes. It can be put back until the last node has begun to leave.\n")
	}
	if d.Blocker != "" {
		fmt.Fprintf(out, "    It waits for %s before that.\n", d.Blocker)
	}
	for _, c := range d.Changes {
		fmt.Fprintf(out, "    pods: %s\n", c)
	}
	for _, why := range d.Refused {
		fmt.Fprintf(out, "    Refused: %s\n", why)
	}
	if d.Blind {
		fmt.Fprintln(out, "    No node answers: those whose pods are ready are supposed to be up.")
	}
	once := false
	for i, e := range d.Events {
		if e.OnceMended && !once {
			once = true
			fmt.Fprintf(out, "    It would wait for %s. Once that is mended:\n", strings.Join(d.Waits, "; "))
		}
		fmt.Fprintf(out, "    %2d. %s %s: %s%s\n", i+1, e.Kind, e.Target, e.Why, bytes(e.Bytes))
	}
	switch {
	case d.Unfinished && len(d.Waits) > 0:
		fmt.Fprintf(out, "    It would wait for %s. What follows isn't known.\n", strings.Join(d.Waits, "; "))
	case d.Unfinished:
		fmt.Fprintln(out, "    What follows isn't known.")
	}
	if d.Consent != "" {
		fmt.Fprintf(out, "    It waits for consent to %s.\n", d.Consent)
	}
	for _, c := range d.Held {
		fmt.Fprintf(out, "    Held until it is allowed (RequiresUpdate): %s\n", c)
	}
}

// summary is a datacenter in a few words.
func summary(d *Datacenter) string {
	if d.New {
		text := words.Count(d.Nodes, "new node")
		switch {
		case d.From != "" && d.Nodes == 1:
			text += ", which gets its data from " + cassandra.SourceInWords(d.From) + bytes(d.Bytes)
		case d.From != "":
			text += ", which get their data from " + cassandra.SourceInWords(d.From) + bytes(d.Bytes)
		}
		return text
	}
	var parts []string
	count := func(kind preview.Kind, one, more string) {
		n := 0
		for _, e := range d.Events {
			if e.Kind == kind {
				n++
			}
		}
		switch {
		case n == 1:
			parts = append(parts, "1 "+one)
		case n > 1:
			parts = append(parts, fmt.Sprintf("%d %s", n, more))
		}
	}
	count(preview.Restart, "restart", "restarts")
	count(preview.Join, "node joins", "nodes join")
	count(preview.Leave, "node leaves", "nodes leave")
	count(preview.Stop, "node stops", "nodes stop")
	count(preview.Grow, "volume grows", "volumes grow")
	text := strings.Join(parts, ", ")
	switch {
	case text == "" && len(d.Events) == 0:
		text = "no pod is touched"
	case text == "":
		text = "no pod is restarted"
	}
	switch n := len(d.UnderWay); {
	case n == 1:
		text += " (1 of these steps is under way also without the edit)"
	case n > 1:
		text += fmt.Sprintf(" (%d of these steps are under way also without the edit)", n)
	}
	return text
}

// bytes is an amount of data for people, "" when it isn't known.
func bytes(n int64) string {
	if n <= 0 {
		return ""
	}
	value, unit := float64(n), "B"
	for _, next := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if value < 1024 {
			break
		}
		value, unit = value/1024, next
	}
	return fmt.Sprintf(" (about %.1f %s)", value, unit)
}
