package fleet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/json"
	kyaml "sigs.k8s.io/yaml"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
)

// File is a whole wish: one fleet, its rings, and the Secrets that they name.
type File struct {
	Path    string
	Fleet   fleetv1.Fleet
	Rings   []Ring
	Secrets []corev1.Secret
}

// Ring is a K8ssandraCluster, typed for reading and as it was written for
// applying: fields that this version doesn't know must not get lost.
type Ring struct {
	k8ssandra.K8ssandraCluster

	Object *unstructured.Unstructured
	at     document
}

// document is one part of the file, with the line of each of its fields.
type document struct {
	path string
	root *yaml.Node
}

// Load reads and checks a file. The error names every fault with its line.
func Load(path string) (*File, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, data)
}

// Parse is Load of a file's contents.
func Parse(path string, data []byte) (*File, error) {
	f := &File{Path: path}
	var errs []error
	fleets := 0
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var fleetDocument document
	for {
		var node yaml.Node
		err := decoder.Decode(&node)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if node.Kind == 0 || len(node.Content) == 0 || node.Content[0].Kind != yaml.MappingNode {
			continue // an empty document
		}
		d := document{path, node.Content[0]}
		kind := d.scalar("kind")
		switch group, _, _ := strings.Cut(d.scalar("apiVersion"), "/"); {
		case kind == "Fleet" && group == fleetv1.GroupVersion.Group:
			fleets++
			fleetDocument = d
			errs = append(errs, d.decode(&f.Fleet))
		case kind == "K8ssandraCluster" && group == k8ssandra.GroupVersion.Group:
			ring := Ring{at: d}
			errs = append(errs, d.decode(&ring.K8ssandraCluster), d.decodeObject(&ring))
			f.Rings = append(f.Rings, ring)
		case kind == "Secret" && group == "v1":
			var secret corev1.Secret
			errs = append(errs, d.decode(&secret))
			f.Secrets = append(f.Secrets, secret)
		default:
			errs = append(errs, d.errorf("kind", "kind %q of %q is not one that a fleet file can hold: Fleet, K8ssandraCluster or Secret", kind, d.scalar("apiVersion")))
		}
	}
	if fleets != 1 {
		errs = append(errs, fmt.Errorf("%s: the file must hold one Fleet, and holds %d", path, fleets))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	f.setDefaults()
	return f, errors.Join(f.validate(fleetDocument)...)
}

func (d document) decodeObject(ring *Ring) error {
	data, err := d.json()
	if err != nil {
		return nil //nolint:nilerr // decode has said so
	}
	ring.Object = &unstructured.Unstructured{}
	if err := ring.Object.UnmarshalJSON(data); err != nil {
		return d.errorf("kind", "%v", err)
	}
	if ring.Object.GetNamespace() == "" {
		ring.Object.SetNamespace("default")
	}
	return nil
}

func (d document) json() ([]byte, error) {
	text, err := yaml.Marshal(d.root)
	if err != nil {
		return nil, err
	}
	return kyaml.YAMLToJSONStrict(text)
}

var quoted = regexp.MustCompile(`"([^"]+)"`)

// decode is strict: unknown fields and fields given twice are errors.
func (d document) decode(into any) error {
	data, err := d.json()
	if err != nil {
		return d.errorf("", "%v", err)
	}
	strict, err := json.UnmarshalStrict(data, into)
	if err != nil {
		return d.errorf("", "%v", err)
	}
	var errs []error
	for _, e := range strict {
		field := ""
		if m := quoted.FindStringSubmatch(e.Error()); m != nil {
			field = m[1]
		}
		errs = append(errs, d.errorf(field, "%v%s", e, suggestion(field, into)))
	}
	return errors.Join(errs...)
}

// errorf makes an error with the line of a field.
func (d document) errorf(field, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", d.path, d.line(field), fmt.Sprintf(format, args...))
}

func (d document) scalar(key string) string {
	if n := find(d.root, key); n != nil {
		return n.Value
	}
	return ""
}

// line of a path such as spec.regions[1].cidr; of its nearest parent when it is
// not there.
func (d document) line(path string) int {
	node, line := d.root, d.root.Line
	for _, part := range strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		next := child(node, part)
		if next == nil {
			break
		}
		node, line = next.value, next.line
	}
	return line
}

type place struct {
	value *yaml.Node
	line  int
}

func child(n *yaml.Node, part string) *place {
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == part {
				return &place{n.Content[i+1], n.Content[i].Line}
			}
		}
	case yaml.SequenceNode:
		var i int
		if _, err := fmt.Sscan(part, &i); err == nil && i >= 0 && i < len(n.Content) {
			return &place{n.Content[i], n.Content[i].Line}
		}
	}
	return nil
}

func find(n *yaml.Node, key string) *yaml.Node {
	if p := child(n, key); p != nil {
		return p.value
	}
	return nil
}
