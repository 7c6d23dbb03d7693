package fleet

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/json"
	kyaml "sigs.k8s.io/yaml"
)

// document is one part of the file, with the line of each of its fields.
type document struct {
	path  string
	root  *yaml.Node
	meant map[string]bool // fields that are there under a misspelt name
}

// errorf makes an error with the line of a field.
func (d *document) errorf(field, format string, args ...any) error {
	return mistake{d.path, d.line(field), fmt.Sprintf(format, args...)}
}

// fieldError is errorf for a rule that a field breaks; nil when the field is
// there under a misspelt name, which has been said.
func (d *document) fieldError(field, format string, args ...any) error {
	if d.meant[field] {
		return nil
	}
	return d.errorf(field, "%s: %s", field, fmt.Sprintf(format, args...))
}

func (d *document) json() ([]byte, error) {
	text, err := yaml.Marshal(d.root)
	if err != nil {
		return nil, err
	}
	return kyaml.YAMLToJSON(text)
}

// object is the document as it was written.
func (d *document) object() *unstructured.Unstructured {
	data, err := d.json()
	if err != nil {
		return nil
	}
	u := &unstructured.Unstructured{}
	if err := u.UnmarshalJSON(data); err != nil {
		return nil
	}
	if u.GetNamespace() == "" {
		u.SetNamespace("default")
	}
	return u
}

// decode is strict: unknown fields are errors. What could be read is in into
// even so, for further checks.
func (d *document) decode(into any) error {
	data, err := d.json()
	if err != nil {
		return d.errorf("", "%v", err)
	}
	strict, err := json.UnmarshalStrict(data, into)
	if err != nil {
		return d.typeError(err)
	}
	var errs []error
	for _, e := range strict {
		field, ok := strings.CutPrefix(e.Error(), "unknown field ")
		if !ok {
			errs = append(errs, d.errorf("", "%v", e))
			continue
		}
		field = strings.Trim(field, `"`)
		errs = append(errs, d.errorf(field, "unknown field %s%s", field, d.suggestion(field, into)))
	}
	return errors.Join(errs...)
}

var mismatch = regexp.MustCompile(`cannot unmarshal (\w+) into Go struct field \w+\.(\S+) of type (\S+)`)

// typeError says where a value has the wrong type.
func (d *document) typeError(err error) error {
	m := mismatch.FindStringSubmatch(err.Error())
	if m == nil {
		return d.errorf("", "%s", strings.TrimPrefix(err.Error(), "json: "))
	}
	want := plainType(m[3])
	for _, n := range all(d.root, "", strings.Split(m[2], ".")) {
		if tagged(n.value) != want {
			d.meant[n.path] = true // it is there, only not what it should be
			return mistake{d.path, n.value.Line, fmt.Sprintf("%s: %s was expected, not %s", n.path, want, tagged(n.value))}
		}
	}
	return d.errorf(m[2], "%s: %s was expected, not a JSON %s", m[2], want, m[1])
}

func plainType(t string) string {
	switch t = strings.TrimPrefix(t, "*"); {
	case strings.HasPrefix(t, "int"), strings.HasPrefix(t, "uint"):
		return "a whole number"
	case strings.HasPrefix(t, "[]"):
		return "a list"
	case t == "bool":
		return "true or false"
	case t == "string":
		return "a text"
	}
	return "an object"
}

func tagged(n *yaml.Node) string {
	switch n.ShortTag() {
	case "!!int":
		return "a whole number"
	case "!!seq":
		return "a list"
	case "!!bool":
		return "true or false"
	case "!!str":
		return "a text"
	}
	return "an object"
}

// found is a node with its path.
type found struct {
	path  string
	value *yaml.Node
}

// all finds the nodes of a path without indices, in every item of lists.
func all(n *yaml.Node, at string, path []string) []found {
	switch {
	case n.Kind == yaml.SequenceNode && len(path) > 0:
		var some []found
		for i, item := range n.Content {
			some = append(some, all(item, fmt.Sprintf("%s[%d]", at, i), path)...)
		}
		return some
	case len(path) == 0:
		return []found{{at, n}}
	}
	if p := child(n, path[0]); p != nil {
		return all(p.value, strings.TrimPrefix(at+"."+path[0], "."), path[1:])
	}
	return nil
}

// duplicates finds keys that are given twice: YAML would take the last.
func (d *document) duplicates(n *yaml.Node, path string) error {
	var errs []error
	seen := map[string]int{}
	for i, item := range n.Content {
		switch {
		case n.Kind == yaml.SequenceNode:
			errs = append(errs, d.duplicates(item, fmt.Sprintf("%s[%d]", path, i)))
		case n.Kind == yaml.MappingNode && i%2 == 0:
			at := strings.TrimPrefix(path+"."+item.Value, ".")
			if first, there := seen[item.Value]; there {
				errs = append(errs, mistake{d.path, item.Line, fmt.Sprintf("%s is given twice; line %d has it too", at, first)})
			}
			seen[item.Value] = item.Line
			errs = append(errs, d.duplicates(n.Content[i+1], at))
		}
	}
	return errors.Join(errs...)
}

func (d *document) scalar(key string) string {
	if p := child(d.root, key); p != nil {
		return p.value.Value
	}
	return ""
}

// has says that a path such as spec.regions[1].cidr is given a value; null is
// none, as for the API server.
func (d *document) has(path string) bool {
	node := d.root
	for _, part := range steps(path) {
		next := child(node, part)
		if next == nil {
			return false
		}
		node = next.value
	}
	return node.ShortTag() != "!!null"
}

// line of a path such as spec.regions[1].cidr, where an item may stand under its name in place of its index; of the nearest
// parent when it is not there.
func (d *document) line(path string) int {
	node, line := d.root, d.root.Line
	for _, part := range steps(path) {
		next := child(node, part)
		if next == nil {
			break
		}
		node, line = next.value, next.line
	}
	return line
}

// steps are the names and indices of a path.
func steps(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return slices.Contains([]rune(".[]"), r) })
}

// position is a value of a document, and the line on which it is named.
type position struct {
	value *yaml.Node
	line  int
}

// named is the name of an item of a list, "" when it has none.
func named(item *yaml.Node) string {
	if item.Kind != yaml.MappingNode {
		return ""
	}
	if meta := child(item, "metadata"); meta != nil {
		item = meta.value
	}
	if name := child(item, "name"); name != nil {
		return name.value.Value
	}
	return ""
}

func child(n *yaml.Node, part string) *position {
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == part {
				return &position{n.Content[i+1], n.Content[i].Line}
			}
		}
	case yaml.SequenceNode:
		if i, err := strconv.Atoi(part); err == nil && i >= 0 && i < len(n.Content) {
			return &position{n.Content[i], n.Content[i].Line}
		}
		for _, item := range n.Content {
			if named(item) == part {
				return &position{item, item.Line}
			}
		}
	case yaml.AliasNode:
		return child(n.Alias, part)
	}
	return nil
}
