package doctor

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/ringspan/ringspan/internal/network"
)

// Render prints a report for people: what was measured, then what is wrong.
func Render(out io.Writer, r Report) error {
	var b strings.Builder
	if len(r.Pairs) > 0 {
		w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "FROM\tTO\tPORTS\tROUND TRIP\tCLOCK\tPACKET\tSOURCE")
		for _, p := range r.Pairs {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", p.From, p.To, p.open(), p.roundTrip(), p.clock(), p.packet(), dash(p.Source))
		}
		_ = w.Flush() // a strings.Builder takes all
		b.WriteByte('\n')
	}
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%-8s %s: %s\n%-8s fix: %s\n", f.Severity, f.Subject(), f.Cause, "", f.Fix)
	}
	if len(r.Findings) > 0 {
		b.WriteByte('\n')
	}
	b.WriteString(r.summary() + "\n")
	_, err := io.WriteString(out, b.String())
	return err
}

// summary is the last line.
func (r Report) summary() string {
	faults := len(r.Faults())
	text := fmt.Sprintf("%d probes, %.1f s: ", len(r.Probes), r.Seconds)
	if len(r.Probes) == 0 {
		text = fmt.Sprintf("from the cloud's API, %.1f s: ", r.Seconds)
	}
	switch {
	case faults == 1:
		text += "1 fault"
	case faults > 1:
		text += fmt.Sprintf("%d faults", faults)
	default:
		text += "healthy"
	}
	switch warnings := len(r.Findings) - faults; {
	case warnings == 1:
		text += ", 1 warning"
	case warnings > 1:
		text += fmt.Sprintf(", %d warnings", warnings)
	}
	return text
}

// open says how many ports are.
func (p Pair) open() string {
	var closed []string
	for _, name := range slices.SortedFunc(maps.Keys(p.Ports), byNumber) {
		if p.Ports[name] != "open" {
			closed = append(closed, name)
		}
	}
	switch {
	case len(closed) == 0:
		return fmt.Sprintf("all %d open", len(p.Ports))
	case len(closed) == len(p.Ports):
		return "none open"
	}
	return "all but " + strings.Join(closed, ", ")
}

// byNumber orders tcp/7000 before tcp/10000.
func byNumber(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}

func (p Pair) roundTrip() string {
	if p.RTT == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f ms", p.RTT)
}

func (p Pair) clock() string {
	if p.RTT == 0 {
		return "-"
	}
	return fmt.Sprintf("%+.2f ± %.2f ms", p.ClockOffset, p.ClockError)
}

func (p Pair) packet() string {
	if p.LargestPacket == 0 {
		return "-"
	}
	return strconv.Itoa(p.LargestPacket)
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// Sentences are the findings in a row, for who waits for them to end.
func Sentences(all []network.Finding) string {
	var list []string
	for _, f := range all {
		list = append(list, f.String())
	}
	return strings.Join(list, ". ")
}
