package shell

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	gocql "github.com/apache/cassandra-gocql-driver/v2"
)

// Page is some rows of a result.
type Page struct {
	Columns []string
	Rows    [][]cell
}

func (p Page) texts() [][]string {
	all := make([][]string, len(p.Rows))
	for i, r := range p.Rows {
		for _, c := range r {
			all[i] = append(all[i], c.text(false))
		}
	}
	return all
}

// widths of the columns of a table.
func (p Page) widths(rows [][]string) []int {
	width := make([]int, len(p.Columns))
	for i, name := range p.Columns {
		width[i] = utf8.RuneCountInString(name)
		for _, r := range rows {
			width[i] = max(width[i], utf8.RuneCountInString(r[i]))
		}
	}
	return width
}

// width is that of the page's table.
func (p Page) width() (sum int) {
	for _, w := range p.widths(p.texts()) {
		sum += w + len(" | ")
	}
	return sum - 1
}

// table prints rows as cqlsh does: names on the left, values on the right.
func (p Page) table(out io.Writer) {
	rows := p.texts()
	width := p.widths(rows)
	var titles, rule []string
	for i, name := range p.Columns {
		titles, rule = append(titles, name+spaces(width[i], name)), append(rule, strings.Repeat("-", width[i]+2))
	}
	fmt.Fprintf(out, "\n %s\n%s\n", strings.Join(titles, " | "), strings.Join(rule, "+"))
	for _, r := range rows {
		for i := range r {
			r[i] = spaces(width[i], r[i]) + r[i]
		}
		fmt.Fprintf(out, " %s\n", strings.Join(r, " | "))
	}
}

// expanded prints one line per column. before is the number of rows that were
// printed earlier.
func (p Page) expanded(out io.Writer, before int) {
	names, values := 0, 0
	rows := p.texts()
	for i, name := range p.Columns {
		names = max(names, utf8.RuneCountInString(name))
		for _, r := range rows {
			values = max(values, utf8.RuneCountInString(r[i]))
		}
	}
	for n, r := range rows {
		fmt.Fprintf(out, "\n@ Row %d\n%s+%s\n", before+n+1, strings.Repeat("-", names+2), strings.Repeat("-", values+2))
		for i, name := range p.Columns {
			fmt.Fprintf(out, " %s | %s\n", name+spaces(names, name), r[i])
		}
	}
}

func spaces(width int, s string) string {
	return strings.Repeat(" ", max(0, width-utf8.RuneCountInString(s)))
}

// json prints one object per row; columns keep their order.
func (p Page) json(out io.Writer) error {
	for _, r := range p.Rows {
		var parts []string
		for i, c := range r {
			name, err := json.Marshal(p.Columns[i])
			if err != nil {
				return err
			}
			value, err := json.Marshal(c.plain())
			if err != nil {
				return err
			}
			parts = append(parts, string(name)+":"+string(value))
		}
		if _, err := fmt.Fprintf(out, "{%s}\n", strings.Join(parts, ",")); err != nil {
			return err
		}
	}
	return nil
}

// plain is a value that JSON has: numbers, truth values, lists and objects; all
// else as its text.
func (c cell) plain() any {
	if c.data == nil {
		return nil
	}
	switch t := c.info.(type) {
	case gocql.CollectionType:
		return plainCollection(t, c.data)
	case gocql.TupleTypeInfo:
		return plains(fields(t.Elems, c.data))
	case gocql.VectorType:
		return plains(elements(t, c.data))
	case gocql.UDTTypeInfo:
		object, rest := map[string]any{}, c.data
		for i := range t.Elements {
			var value []byte
			value, rest = next(rest)
			object[t.Elements[i].Name] = cell{t.Elements[i].Type, value}.plain()
		}
		return object
	}
	switch c.info.Type() {
	case gocql.TypeBoolean:
		return len(c.data) > 0 && c.data[0] != 0
	case gocql.TypeInt, gocql.TypeBigInt, gocql.TypeCounter, gocql.TypeSmallInt, gocql.TypeTinyInt:
		return integer(c.data)
	case gocql.TypeVarint:
		return json.Number(bigInteger(c.data).String())
	case gocql.TypeFloat, gocql.TypeDouble, gocql.TypeDecimal:
		if text := c.text(false); json.Valid([]byte(text)) {
			return json.Number(text)
		}
	case gocql.TypeVarchar, gocql.TypeText, gocql.TypeAscii:
		return string(c.data)
	}
	return c.text(false)
}

func plains(cells []cell) []any {
	all := make([]any, 0, len(cells))
	for _, c := range cells {
		all = append(all, c.plain())
	}
	return all
}

func plainCollection(t gocql.CollectionType, data []byte) any {
	if len(data) < 4 {
		return nil
	}
	list, object := []any{}, map[string]any{}
	for data = data[4:]; len(data) > 0; {
		var key, value []byte
		if t.Type() == gocql.TypeMap {
			key, data = next(data)
		}
		value, data = next(data)
		element := cell{t.Elem, value}.plain()
		if t.Type() == gocql.TypeMap {
			object[cell{t.Key, key}.text(false)] = element
			continue
		}
		list = append(list, element)
	}
	if t.Type() == gocql.TypeMap {
		return object
	}
	return list
}
