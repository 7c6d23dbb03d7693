package shell

import (
	"encoding/binary"
	"strings"

	gocql "github.com/apache/cassandra-gocql-driver/v2"
)

// texts are the parts of a value that has several.
func texts(cells []cell) (all []string) {
	for _, c := range cells {
		all = append(all, c.text(true))
	}
	return all
}

// next cuts a length and as many bytes off; a negative length is null.
func next(data []byte) (value, rest []byte) {
	if len(data) < 4 {
		return nil, nil
	}
	n := int(int32(binary.BigEndian.Uint32(data)))
	data = data[4:]
	if n < 0 {
		return nil, data
	}
	n = min(n, len(data))
	return data[:n:n], data[n:]
}

func collectionText(t gocql.CollectionType, data []byte) string {
	if len(data) < 4 {
		return "null"
	}
	count := int(binary.BigEndian.Uint32(data))
	data = data[4:]
	var parts []string
	for i := 0; i < count && len(data) > 0; i++ {
		var key, value []byte
		if t.Type() == gocql.TypeMap {
			key, data = next(data)
			value, data = next(data)
			parts = append(parts, cell{t.Key, key}.text(true)+": "+cell{t.Elem, value}.text(true))
			continue
		}
		value, data = next(data)
		parts = append(parts, cell{t.Elem, value}.text(true))
	}
	if t.Type() == gocql.TypeList {
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// fields cuts a tuple or a user-defined type; fields that are not there are null.
func fields(types []gocql.TypeInfo, data []byte) (all []cell) {
	for _, t := range types {
		var value []byte
		value, data = next(data)
		all = append(all, cell{t, value})
	}
	return all
}

func udtText(t gocql.UDTTypeInfo, data []byte) string {
	var types []gocql.TypeInfo
	for _, f := range t.Elements {
		types = append(types, f.Type)
	}
	var parts []string
	for i, c := range fields(types, data) {
		parts = append(parts, t.Elements[i].Name+": "+c.text(true))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// elements of a vector: those of a fixed size stand one after the other, others
// have their length before them.
func elements(t gocql.VectorType, data []byte) (all []cell) {
	size := fixedSize(t.SubType)
	for i := 0; i < t.Dimensions && len(data) > 0; i++ {
		n := size
		if size == 0 {
			length, used := uvint(data)
			data, n = data[used:], int(min(length, uint64(len(data))))
		}
		n = min(n, len(data))
		all = append(all, cell{t.SubType, data[:n:n]})
		data = data[n:]
	}
	return all
}

// fixedSize is the length of a type's values in bytes; 0 when it varies.
func fixedSize(t gocql.TypeInfo) int {
	switch t := t.(type) {
	case gocql.VectorType:
		return fixedSize(t.SubType) * t.Dimensions
	case gocql.CollectionType, gocql.TupleTypeInfo, gocql.UDTTypeInfo:
		return 0
	}
	switch t.Type() {
	case gocql.TypeBoolean:
		return 1
	case gocql.TypeInt, gocql.TypeFloat:
		return 4
	case gocql.TypeBigInt, gocql.TypeDouble, gocql.TypeTimestamp:
		return 8
	case gocql.TypeUUID, gocql.TypeTimeUUID:
		return 16
	}
	return 0
}

// uvint reads one unsigned variable-length integer and its length.
func uvint(data []byte) (uint64, int) {
	extra := 0
	for extra < 8 && data[0]&(0x80>>extra) != 0 {
		extra++
	}
	n := uint64(0)
	if extra < 8 {
		n = uint64(data[0] & (0xff >> (extra + 1)))
	}
	for i := 1; i <= extra && i < len(data); i++ {
		n = n<<8 | uint64(data[i])
	}
	return n, min(extra+1, len(data))
}
