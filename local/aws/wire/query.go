package wire

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Bounds of what a query may hold; AWS's own lists end at 1000.
const (
	maxDepth = 12
	maxList  = 1000
)

// node is one level of a query's dotted names: Filter.1.Name.
type node struct {
	value    string
	set      bool
	children map[string]*node
}

// parseQuery makes a tree of a form's names.
func parseQuery(form url.Values) (*node, error) {
	root := &node{}
	for name, values := range form {
		parts := strings.Split(name, ".")
		if len(parts) > maxDepth {
			return nil, Errorf("InvalidParameterValue", "the parameter %.60q is nested too deeply", name)
		}
		at := root
		for _, p := range parts {
			at = at.child(p)
		}
		at.value, at.set = values[0], true
	}
	return root, nil
}

func (n *node) child(name string) *node {
	if n.children == nil {
		n.children = map[string]*node{}
	}
	c, ok := n.children[name]
	if !ok {
		c = &node{}
		n.children[name] = c
	}
	return c
}

// queryDecoder turns a tree into structs.
type queryDecoder struct {
	name   func(field) string
	member bool // lists are Name.member.N, not Name.N
}

// Decode fills the struct that in points to. Names that it doesn't have are
// errors, as are values that don't fit.
func (d queryDecoder) decode(n *node, in reflect.Value, path string) error {
	switch in.Kind() {
	case reflect.Pointer:
		v := reflect.New(in.Type().Elem())
		in.Set(v)
		return d.decode(n, v.Elem(), path)
	case reflect.Struct:
		return d.decodeStruct(n, in, path)
	case reflect.Slice:
		if in.Type().Elem().Kind() == reflect.Uint8 {
			return d.decodeBlob(n, in, path)
		}
		return d.decodeList(n, in, path)
	default:
		return decodeScalar(n, in, path)
	}
}

func (d queryDecoder) decodeStruct(n *node, in reflect.Value, path string) error {
	if n.set {
		return Errorf("InvalidParameterValue", "the parameter %s has members and no value of its own", path)
	}
	known := map[string]bool{}
	for _, f := range fieldsOf(in.Type()) {
		name := d.name(f)
		known[name] = true
		c, ok := n.children[name]
		if !ok {
			continue
		}
		if err := d.decode(c, in.FieldByIndex(f.index), join(path, name)); err != nil {
			return err
		}
	}
	for name := range n.children {
		if !known[name] {
			return unknownParameter(join(path, name))
		}
	}
	return nil
}

func unknownParameter(name string) *Error {
	return Errorf("UnknownParameter", "The parameter %s is not recognized", name)
}

func (d queryDecoder) decodeList(n *node, in reflect.Value, path string) error {
	if d.member {
		if n.set && n.value == "" && len(n.children) == 0 {
			in.Set(reflect.MakeSlice(in.Type(), 0, 0)) // how SDKs send an empty list
			return nil
		}
		for name := range n.children {
			if name != "member" {
				return unknownParameter(join(path, name))
			}
		}
		if n = n.children["member"]; n == nil {
			return Errorf("MalformedInput", "the list %s has no members", path)
		}
	}
	if n.set {
		return Errorf("InvalidParameterValue", "the parameter %s is a list: number it", path)
	}
	numbers, err := listNumbers(n, path)
	if err != nil {
		return err
	}
	list := reflect.MakeSlice(in.Type(), len(numbers), len(numbers))
	for i, number := range numbers {
		name := strconv.Itoa(number)
		if err := d.decode(n.children[name], list.Index(i), join(path, name)); err != nil {
			return err
		}
	}
	in.Set(list)
	return nil
}

func listNumbers(n *node, path string) ([]int, error) {
	var out []int
	for name := range n.children {
		number, err := strconv.Atoi(name)
		if err != nil || number < 0 || strconv.Itoa(number) != name {
			return nil, unknownParameter(join(path, name))
		}
		out = append(out, number)
	}
	if len(out) > maxList {
		return nil, Errorf("InvalidParameterValue", "the list %s has %d members; %d are allowed", path, len(out), maxList)
	}
	slices.Sort(out)
	return out, nil
}

func (d queryDecoder) decodeBlob(n *node, in reflect.Value, path string) error {
	b, err := base64.StdEncoding.DecodeString(n.value)
	if err != nil {
		return Errorf("InvalidParameterValue", "the parameter %s is not base64", path)
	}
	in.SetBytes(b)
	return nil
}

func decodeScalar(n *node, in reflect.Value, path string) error {
	if len(n.children) > 0 {
		for name := range n.children {
			return unknownParameter(join(path, name))
		}
	}
	var err error
	switch in.Kind() {
	case reflect.String:
		in.SetString(n.value)
	case reflect.Bool:
		var b bool
		b, err = strconv.ParseBool(n.value)
		in.SetBool(b)
	case reflect.Int, reflect.Int32, reflect.Int64:
		var i int64
		i, err = strconv.ParseInt(n.value, 10, in.Type().Bits())
		in.SetInt(i)
	case reflect.Float64:
		var f float64
		f, err = strconv.ParseFloat(n.value, 64)
		in.SetFloat(f)
	default:
		panic(fmt.Sprintf("wire: no query form for %s", in.Type()))
	}
	if err != nil {
		return Errorf("InvalidParameterValue", "Value (%s) for parameter %s is invalid", n.value, path)
	}
	return nil
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
