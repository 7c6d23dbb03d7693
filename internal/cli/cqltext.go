package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	gocql "github.com/apache/cassandra-gocql-driver/v2"
)

// splitStatements cuts a text at its semicolons, but not at those in strings,
// quoted names, $$ strings and comments; comments are left out. rest is what
// stands behind the last semicolon.
func splitStatements(text string) (statements []string, rest string) {
	var b strings.Builder
	for i := 0; i < len(text); {
		tail := text[i:]
		switch {
		case strings.HasPrefix(tail, "--"), strings.HasPrefix(tail, "//"):
			i += until(tail, "\n", 0)
		case strings.HasPrefix(tail, "/*"):
			i += until(tail, "*/", 2)
		case strings.HasPrefix(tail, "$$"):
			n := until(tail, "$$", 2)
			b.WriteString(tail[:n])
			i += n
		case tail[0] == '\'' || tail[0] == '"':
			n := until(tail, tail[:1], 1)
			b.WriteString(tail[:n])
			i += n
		case tail[0] == ';':
			if s := strings.TrimSpace(b.String()); s != "" {
				statements = append(statements, s)
			}
			b.Reset()
			i++
		default:
			b.WriteByte(tail[0])
			i++
		}
	}
	return statements, b.String()
}

// until is the length up to and with the end mark, searched behind the start.
func until(s, mark string, from int) int {
	if i := strings.Index(s[from:], mark); i >= 0 {
		return from + i + len(mark)
	}
	return len(s)
}

// printRows prints as cqlsh does: a table, one line a column, or JSON objects.
func printRows(out io.Writer, header []string, rows []map[string]any, expand, asJSON bool) error {
	if asJSON {
		encoder := json.NewEncoder(out)
		for _, r := range rows {
			if err := encoder.Encode(plainRow(r)); err != nil {
				return err
			}
		}
		return nil
	}
	cells := make([][]string, len(rows))
	width := make([]int, len(header))
	for i, h := range header {
		width[i] = utf8.RuneCountInString(h)
	}
	for i, r := range rows {
		for j, h := range header {
			text := format(r[h], false)
			cells[i] = append(cells[i], text)
			width[j] = max(width[j], utf8.RuneCountInString(text))
		}
	}
	fmt.Fprintln(out)
	if expand {
		printExpanded(out, header, cells)
	} else {
		printTable(out, header, cells, width)
	}
	_, err := fmt.Fprintf(out, "\n(%d rows)\n", len(rows))
	return err
}

func printTable(out io.Writer, header []string, cells [][]string, width []int) {
	var titles, rule []string
	for i, h := range header {
		titles, rule = append(titles, pad(h, width[i])), append(rule, strings.Repeat("-", width[i]+2))
	}
	fmt.Fprintf(out, " %s\n%s\n", strings.Join(titles, " | "), strings.Join(rule, "+"))
	for _, row := range cells {
		var line []string
		for i, c := range row {
			line = append(line, strings.Repeat(" ", width[i]-utf8.RuneCountInString(c))+c)
		}
		fmt.Fprintf(out, " %s\n", strings.Join(line, " | "))
	}
}

func printExpanded(out io.Writer, header []string, cells [][]string) {
	width := 0
	for _, h := range header {
		width = max(width, utf8.RuneCountInString(h))
	}
	for i, row := range cells {
		fmt.Fprintf(out, "@ Row %d\n", i+1)
		for j, c := range row {
			fmt.Fprintf(out, " %s | %s\n", pad(header[j], width), c)
		}
	}
}

func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(s)))
}

// set marks a value whose elements have no order: cqlsh shows it in braces.
type set struct{ elements any }

// format is a value as cqlsh shows it; inside collections texts are quoted.
func format(v any, quoted bool) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		if quoted {
			return "'" + strings.ReplaceAll(v, "'", "''") + "'"
		}
		return v
	case []byte:
		if v == nil {
			return "null"
		}
		return fmt.Sprintf("0x%x", v)
	case time.Time:
		return v.UTC().Format("2006-01-02 15:04:05.000000+0000")
	case set:
		text := format(v.elements, quoted)
		if strings.HasPrefix(text, "[") {
			return "{" + text[1:len(text)-1] + "}"
		}
		return text
	case gocql.UUID:
		return v.String()
	case bool:
		if v {
			return "True"
		}
		return "False"
	case fmt.Stringer:
		return v.String()
	}
	return formatReflected(reflect.ValueOf(v))
}

func formatReflected(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return "null"
		}
		return format(v.Elem().Interface(), false)
	case reflect.Slice, reflect.Array:
		if v.Kind() == reflect.Slice && v.IsNil() {
			return "null"
		}
		var parts []string
		for i := range v.Len() {
			parts = append(parts, format(v.Index(i).Interface(), true))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case reflect.Map:
		if v.IsNil() {
			return "null"
		}
		var parts []string
		for _, k := range v.MapKeys() {
			parts = append(parts, format(k.Interface(), true)+": "+format(v.MapIndex(k).Interface(), true))
		}
		slices.Sort(parts)
		return "{" + strings.Join(parts, ", ") + "}"
	case reflect.Float32, reflect.Float64:
		return fmt.Sprintf("%g", v.Float())
	}
	return fmt.Sprint(v.Interface())
}

// plainRow makes values that JSON can hold.
func plainRow(r map[string]any) map[string]any {
	out := map[string]any{}
	for k, v := range r {
		switch v.(type) {
		case nil, string, bool, int, int8, int16, int32, int64, float32, float64:
			out[k] = v
		default:
			out[k] = format(v, false)
		}
	}
	return out
}
