package shell

import (
	"bytes"
	"encoding/json"
	"math"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	gocql "github.com/apache/cassandra-gocql-driver/v2"
	"gopkg.in/inf.v0"
)

// typed is a type as the driver makes it from its name.
func typed(t *testing.T, name string) gocql.TypeInfo {
	t.Helper()
	return gocql.NewNativeType(5, gocql.TypeCustom, name)
}

// value is one as the driver would send it.
func value(t *testing.T, typeName string, v any) cell {
	t.Helper()
	info := typed(t, typeName)
	data, err := gocql.Marshal(info, v)
	if err != nil {
		t.Fatalf("%s: %v", typeName, err)
	}
	return cell{info, data}
}

func TestValuesAsCqlshShowsThem(t *testing.T) {
	moment := time.Date(2026, 11, 23, 22, 0, 0, 123e6, time.UTC)
	id, err := gocql.ParseUUID("123e4567-e89b-12d3-a456-426614174000")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		kind          string
		value         any
		alone, inside string
	}{
		{"text", "it's", "it's", "'it''s'"},
		{"text", "two\nlines\ttab\x07", `two\nlines\ttab\x07`, `'two\nlines\ttab\x07'`},
		{"text", "", "", "''"},
		{"ascii", "a", "a", "'a'"},
		{"int", -7, "-7", "-7"},
		{"bigint", int64(math.MinInt64), "-9223372036854775808", "-9223372036854775808"},
		{"smallint", int16(-300), "-300", "-300"},
		{"tinyint", int8(-128), "-128", "-128"},
		{"varint", big.NewInt(-129), "-129", "-129"},
		{"varint", big.NewInt(0), "0", "0"},
		{"decimal", inf.NewDec(-1234500, 4), "-123.4500", "-123.4500"},
		{"decimal", inf.NewDec(5, 3), "0.005", "0.005"},
		{"decimal", inf.NewDec(5, -3), "5000", "5000"},
		{"float", float32(1.5), "1.5", "1.5"},
		{"float", float32(123456.78), "1.2346e+05", "1.2346e+05"},
		{"double", math.Pi, "3.14159265359", "3.14159265359"},
		{"double", math.NaN(), "NaN", "NaN"},
		{"double", math.Inf(-1), "-Infinity", "-Infinity"},
		{"boolean", true, "True", "True"},
		{"boolean", false, "False", "False"},
		{"blob", []byte{0xca, 0xfe}, "0xcafe", "0xcafe"},
		{"uuid", id, "123e4567-e89b-12d3-a456-426614174000", "123e4567-e89b-12d3-a456-426614174000"},
		{"inet", net.ParseIP("10.0.0.1"), "10.0.0.1", "'10.0.0.1'"},
		{"inet", net.ParseIP("2001:db8::1"), "2001:db8::1", "'2001:db8::1'"},
		{"timestamp", moment, "2026-11-23 22:00:00.123000+0000", "'2026-11-23 22:00:00.123000+0000'"},
		{"date", moment, "2026-11-23", "'2026-11-23'"},
		{"date", time.Date(1969, 12, 31, 0, 0, 0, 0, time.UTC), "1969-12-31", "'1969-12-31'"},
		{"time", 13*time.Hour + 5*time.Nanosecond, "13:00:00.000000005", "'13:00:00.000000005'"},
		{"duration", gocql.Duration{Months: 14, Days: 3, Nanoseconds: 4*3600e9 + 7e6 + 9}, "1y2mo3d4h7ms9ns", "1y2mo3d4h7ms9ns"},
		{"duration", gocql.Duration{Months: -1}, "-1mo", "-1mo"},
		{"duration", gocql.Duration{Nanoseconds: math.MaxInt64}, "2562047h47m16s854ms775us807ns", "2562047h47m16s854ms775us807ns"},
		{"list<int>", []int{1, 2}, "[1, 2]", "[1, 2]"},
		{"list<int>", []int{}, "[]", "[]"},
		{"set<text>", []string{"a", "b's"}, "{'a', 'b''s'}", "{'a', 'b''s'}"},
		{"map<text, int>", map[string]int{"k": 1}, "{'k': 1}", "{'k': 1}"},
		{"list<frozen<list<text>>>", [][]string{{"a"}, {}}, "[['a'], []]", "[['a'], []]"},
	} {
		got := value(t, c.kind, c.value)
		if got.text(false) != c.alone || got.text(true) != c.inside {
			t.Errorf("%s %v: alone %s, inside %s", c.kind, c.value, got.text(false), got.text(true))
		}
	}
}

// Broken bytes are shown somehow; they never end the shell.
func TestBrokenValues(t *testing.T) {
	for _, kind := range []string{"text", "int", "bigint", "varint", "decimal", "float", "double", "boolean", "uuid", "inet", "timestamp", "date", "time", "duration", "list<int>", "map<text, int>", "tuple<int, text>"} {
		for _, data := range [][]byte{{}, {1}, {0xff, 0xff}, {0, 0, 0, 9, 0, 0}, bytes.Repeat([]byte{0xff}, 9)} {
			c := cell{typed(t, kind), data}
			_ = c.text(false)
			if _, err := json.Marshal(c.plain()); err != nil {
				t.Errorf("%s % x: %v", kind, data, err)
			}
		}
	}
}

func TestNullsTuplesAndUserTypes(t *testing.T) {
	text, number := typed(t, "text"), typed(t, "int")
	tupleType := gocql.TupleTypeInfo{Elems: []gocql.TypeInfo{number, text}}
	full := tuple(tupleType, []*cell{{number, []byte{0, 0, 0, 1}}, {text, nil}})
	if got := full.text(false); got != "(1, null)" {
		t.Errorf("tuple %s", got)
	}
	if got := tuple(tupleType, []*cell{{number, nil}, {text, nil}}).text(false); got != "null" {
		t.Errorf("null tuple %s", got)
	}
	user := gocql.UDTTypeInfo{Elements: []gocql.UDTField{{Name: "street", Type: text}, {Name: "since", Type: number}, {Name: "added", Type: text}}}
	data := appendValue(appendValue(nil, []byte("Main")), []byte{0, 0, 7, 0xea}) // written before the last field was added
	if got := (cell{user, data}).text(false); got != "{street: 'Main', since: 2026, added: null}" {
		t.Errorf("user type %s", got)
	}
	if got := (cell{text, nil}).text(false); got != "null" {
		t.Errorf("null %s", got)
	}
	if got, err := json.Marshal(cell{user, data}.plain()); err != nil || string(got) != `{"added":null,"since":2026,"street":"Main"}` {
		t.Errorf("%s %v", got, err)
	}
}

func TestVectors(t *testing.T) {
	floats := gocql.VectorType{SubType: typed(t, "float"), Dimensions: 2}
	if got := (cell{floats, []byte{0x3f, 0xc0, 0, 0, 0x40, 0, 0, 0}}).text(false); got != "[1.5, 2]" {
		t.Errorf("floats %s", got)
	}
	texts := gocql.VectorType{SubType: typed(t, "text"), Dimensions: 2}
	c := cell{texts, []byte{1, 'a', 2, 'b', 'c'}}
	if got := c.text(false); got != "['a', 'bc']" {
		t.Errorf("texts %s", got)
	}
	if got, _ := json.Marshal(c.plain()); string(got) != `["a","bc"]` {
		t.Errorf("JSON %s", got)
	}
}

func page(t *testing.T) Page {
	return Page{Columns: []string{"id", "name"}, Rows: [][]cell{{value(t, "int", 1), value(t, "text", "Zoë")}, {value(t, "int", 22), {typed(t, "text"), nil}}}}
}

func TestTables(t *testing.T) {
	var table, expanded, asJSON strings.Builder
	page(t).table(&table)
	want := "\n id | name\n----+------\n  1 |  Zoë\n 22 | null\n"
	if table.String() != want {
		t.Errorf("%q", table.String())
	}
	page(t).expanded(&expanded, 3)
	want = "\n@ Row 4\n------+------\n id   | 1\n name | Zoë\n\n@ Row 5\n------+------\n id   | 22\n name | null\n"
	if expanded.String() != want {
		t.Errorf("%q", expanded.String())
	}
	if err := page(t).json(&asJSON); err != nil || asJSON.String() != "{\"id\":1,\"name\":\"Zoë\"}\n{\"id\":22,\"name\":null}\n" {
		t.Errorf("%q %v", asJSON.String(), err)
	}
}
