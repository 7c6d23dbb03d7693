package shell

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	gocql "github.com/apache/cassandra-gocql-driver/v2"
)

// cell is one value as it came: its type and its bytes. Nil bytes are null.
type cell struct {
	info gocql.TypeInfo
	data []byte
}

// UnmarshalCQL takes any value; the driver calls it.
func (c *cell) UnmarshalCQL(info gocql.TypeInfo, data []byte) error {
	c.info, c.data = info, slices.Clone(data)
	return nil
}

// text is the value as cqlsh shows it; inside collections texts are quoted.
func (c cell) text(inside bool) string {
	if c.data == nil {
		return "null"
	}
	switch t := c.info.(type) {
	case gocql.CollectionType:
		return collectionText(t, c.data)
	case gocql.TupleTypeInfo:
		return "(" + strings.Join(texts(fields(t.Elems, c.data)), ", ") + ")"
	case gocql.UDTTypeInfo:
		return udtText(t, c.data)
	case gocql.VectorType:
		return "[" + strings.Join(texts(elements(t, c.data)), ", ") + "]"
	}
	text, quoted := scalar(c.info.Type(), c.data)
	if quoted && inside {
		return "'" + strings.ReplaceAll(text, "'", "''") + "'"
	}
	return text
}

// scalar reads a value of a simple type; quoted says that collections show it in
// quotes.
func scalar(t gocql.Type, data []byte) (text string, quoted bool) {
	switch t {
	case gocql.TypeVarchar, gocql.TypeText, gocql.TypeAscii:
		return visible(string(data)), true
	case gocql.TypeTimestamp:
		return time.UnixMilli(integer(data)).UTC().Format("2006-01-02 15:04:05.000000-0700"), true
	case gocql.TypeDate:
		return time.Unix((int64(binary.BigEndian.Uint32(pad(data, 4)))-1<<31)*86400, 0).UTC().Format("2006-01-02"), true
	case gocql.TypeTime:
		return clock(integer(data)), true
	case gocql.TypeInet:
		address, _ := netip.AddrFromSlice(data)
		return address.String(), true
	case gocql.TypeUUID, gocql.TypeTimeUUID:
		id, err := gocql.UUIDFromBytes(data)
		if err != nil {
			return blob(data), false
		}
		return id.String(), false
	}
	return number(t, data), false
}

// number reads the types that are never quoted.
func number(t gocql.Type, data []byte) string {
	switch t {
	case gocql.TypeInt, gocql.TypeBigInt, gocql.TypeCounter, gocql.TypeSmallInt, gocql.TypeTinyInt:
		return strconv.FormatInt(integer(data), 10)
	case gocql.TypeVarint:
		return bigInteger(data).String()
	case gocql.TypeDecimal:
		return decimal(data)
	case gocql.TypeFloat:
		return float(float64(math.Float32frombits(binary.BigEndian.Uint32(pad(data, 4)))), 5)
	case gocql.TypeDouble:
		return float(math.Float64frombits(binary.BigEndian.Uint64(pad(data, 8))), 12)
	case gocql.TypeBoolean:
		if len(data) > 0 && data[0] != 0 {
			return "True"
		}
		return "False"
	case gocql.TypeDuration:
		return duration(data)
	}
	return blob(data)
}

func blob(data []byte) string { return fmt.Sprintf("0x%x", data) }

// visible shows what a terminal would act on or swallow.
func visible(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// pad makes data as long as a number needs to be: a broken one must not end the
// shell.
func pad(data []byte, n int) []byte {
	if len(data) >= n {
		return data[:n]
	}
	return append(make([]byte, n-len(data)), data...)
}

// integer reads a big-endian number of one to eight bytes with its sign.
func integer(data []byte) int64 {
	if len(data) == 0 || len(data) > 8 {
		return 0
	}
	n := int64(int8(data[0]))
	for _, b := range data[1:] {
		n = n<<8 | int64(b)
	}
	return n
}

func bigInteger(data []byte) *big.Int {
	n := new(big.Int).SetBytes(data)
	if len(data) > 0 && data[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(len(data))*8))
	}
	return n
}

// decimal is a scale and an unscaled number.
func decimal(data []byte) string {
	if len(data) < 5 {
		return blob(data)
	}
	scale, unscaled := int(integer(data[:4])), bigInteger(data[4:])
	digits := new(big.Int).Abs(unscaled).String()
	sign := ""
	if unscaled.Sign() < 0 {
		sign = "-"
	}
	switch {
	case scale <= 0 && scale > -20:
		return sign + digits + strings.Repeat("0", -scale)
	case scale > 0 && scale < 100:
		if len(digits) <= scale {
			digits = strings.Repeat("0", scale-len(digits)+1) + digits
		}
		return sign + digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
	}
	return fmt.Sprintf("%s%sE%+d", sign, digits, -scale)
}

// float is a number with so many significant digits, as Python's %g.
func float(f float64, digits int) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	return strconv.FormatFloat(f, 'g', digits, 64)
}

func clock(nanos int64) string {
	return time.Unix(0, nanos).UTC().Format("15:04:05.000000000")
}

// duration is three zigzag-coded variable-length integers: months, days, and
// nanoseconds.
func duration(data []byte) string {
	months, n := vint(data)
	days, m := vint(data[n:])
	nanos, _ := vint(data[n+m:])
	sign := ""
	if months < 0 || days < 0 || nanos < 0 {
		sign, months, days, nanos = "-", -months, -days, -nanos
	}
	var b strings.Builder
	for _, part := range []struct {
		n    int64
		unit string
	}{
		{months / 12, "y"}, {months % 12, "mo"}, {days, "d"},
		{nanos / int64(time.Hour), "h"}, {nanos / int64(time.Minute) % 60, "m"}, {nanos / int64(time.Second) % 60, "s"},
		{nanos / int64(time.Millisecond) % 1000, "ms"}, {nanos / int64(time.Microsecond) % 1000, "us"}, {nanos % 1000, "ns"},
	} {
		if part.n != 0 {
			fmt.Fprintf(&b, "%d%s", part.n, part.unit)
		}
	}
	return sign + b.String()
}

// vint reads one signed variable-length integer and its length.
func vint(data []byte) (int64, int) {
	if len(data) == 0 {
		return 0, 0
	}
	n, used := uvint(data)
	return int64(n>>1) ^ -int64(n&1), used
}
