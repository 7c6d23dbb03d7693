package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// describe lets the server describe, as cqlsh does from Cassandra 4.0 on, and
// lays its answer out.
func (s *Shell) describe(ctx context.Context, text string) error {
	if len(strings.Fields(text)) < 2 {
		return errors.New("DESCRIBE what? HELP shows it")
	}
	var all Page
	err := s.Session.Execute(ctx, text, s.options, func(p Page) error {
		all.Columns, all.Rows = p.Columns, append(all.Rows, p.Rows...)
		return nil
	})
	if err != nil {
		return err
	}
	if s.JSON {
		return all.json(s.Out)
	}
	what := strings.ToUpper(strings.Fields(text)[1])
	switch {
	case slices.Contains(all.Columns, "create_statement"):
		return all.statements(s.Out)
	case what == "CLUSTER":
		return all.cluster(s.Out)
	case what == "KEYSPACES":
		return list(s.Out, all.column("keyspace_name"))
	case slices.Contains(all.Columns, "keyspace_name"):
		return all.byKeyspace(s.Out)
	}
	all.table(s.Out)
	return nil
}

func (p Page) column(name string) (all []string) {
	i := slices.Index(p.Columns, name)
	for _, r := range p.Rows {
		if i >= 0 {
			all = append(all, r[i].text(false))
		}
	}
	return all
}

// statements prints what makes an object anew.
func (p Page) statements(out io.Writer) error {
	i := slices.Index(p.Columns, "create_statement")
	for _, r := range p.Rows {
		if _, err := fmt.Fprintf(out, "\n%s\n", r[i].data); err != nil { // with its line ends
			return err
		}
	}
	return nil
}

func (p Page) cluster(out io.Writer) error {
	for _, part := range [][2]string{{"cluster", "Cluster"}, {"partitioner", "Partitioner"}, {"snitch", "Snitch"}} {
		for _, value := range p.column(part[0]) {
			if _, err := fmt.Fprintf(out, "%s: %s\n", part[1], value[strings.LastIndexByte(value, '.')+1:]); err != nil {
				return err
			}
		}
	}
	return nil
}

// byKeyspace prints names under their keyspaces.
func (p Page) byKeyspace(out io.Writer) error {
	names := map[string][]string{}
	for i, keyspace := range p.column("keyspace_name") {
		names[keyspace] = append(names[keyspace], p.column("name")[i])
	}
	keyspaces := slices.Compact(slices.Sorted(slices.Values(p.column("keyspace_name"))))
	for _, keyspace := range keyspaces {
		fmt.Fprintf(out, "\nKeyspace %s\n%s", keyspace, strings.Repeat("-", len("Keyspace ")+utf8.RuneCountInString(keyspace)))
		if err := list(out, names[keyspace]); err != nil {
			return err
		}
	}
	return nil
}

// lineWidth is that of a list of names.
const lineWidth = 80

// list prints names in columns.
func list(out io.Writer, names []string) error {
	slices.Sort(names)
	width := 0
	for _, n := range names {
		width = max(width, utf8.RuneCountInString(n)+2)
	}
	var b strings.Builder
	perLine := max(1, lineWidth/max(1, width))
	for i, n := range names {
		if i%perLine == 0 {
			b.WriteByte('\n')
		}
		b.WriteString(n)
		if i%perLine < perLine-1 && i < len(names)-1 {
			b.WriteString(spaces(width, n))
		}
	}
	_, err := fmt.Fprintln(out, b.String())
	return err
}
