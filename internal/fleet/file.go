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

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
)

// File is all that is asked for: one fleet, its rings, and the Secrets that they name.
type File struct {
	Path    string
	Fleet   fleetv1.Fleet
	Rings   []Ring
	Secrets []Secret

	at *document // of the Fleet
}

// Ring is a K8ssandraCluster, typed for reading and as it was written for
// applying: fields that this version doesn't know must not get lost.
type Ring struct {
	k8ssandra.K8ssandraCluster

	Object *unstructured.Unstructured
	at     *document
}

// Secret is one that the rings use.
type Secret struct {
	corev1.Secret

	at *document
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
	documents, err := split(path, data)
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, d := range documents {
		errs = append(errs, f.add(d))
	}
	if f.at == nil {
		errs = append(errs, fmt.Errorf("%s: the file holds no Fleet (apiVersion: %s, kind: Fleet)", path, fleetv1.GroupVersion))
		return nil, sorted(errs)
	}
	f.setDefaults()
	if err := sorted(append(errs, f.validate()...)); err != nil {
		return nil, err
	}
	return f, nil
}

// split cuts the file into documents.
func split(path string, data []byte) (all []*document, err error) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var node yaml.Node
		err := decoder.Decode(&node)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, syntaxError(path, err)
		}
		if node.Kind == 0 || len(node.Content) == 0 || node.Content[0].Tag == "!!null" {
			continue // an empty document
		}
		all = append(all, &document{path: path, root: node.Content[0], meant: map[string]bool{}})
	}
}

var yamlLine = regexp.MustCompile(`^(?:yaml: )?line (\d+): `)

// syntaxError puts the line that the parser names at the front, as in all other mistakes.
func syntaxError(path string, err error) error {
	text := err.Error()
	if m := yamlLine.FindStringSubmatch(text); m != nil {
		return fmt.Errorf("%s:%s: %s", path, m[1], text[len(m[0]):])
	}
	return fmt.Errorf("%s: %s", path, strings.TrimPrefix(text, "yaml: "))
}

// add takes one document over.
func (f *File) add(d *document) error {
	if d.root.Kind != yaml.MappingNode {
		return d.errorf("", "a document must be an object with apiVersion, kind and metadata")
	}
	if err := d.duplicates(d.root, ""); err != nil {
		return err
	}
	apiVersion, kind := d.scalar("apiVersion"), d.scalar("kind")
	group, _, _ := strings.Cut(apiVersion, "/")
	switch {
	case kind == "Fleet" && group == fleetv1.GroupVersion.Group:
		if f.at != nil {
			return d.errorf("kind", "a second Fleet: a file holds one, and line %d has it already", f.at.root.Line)
		}
		f.at = d
		return d.version(fleetv1.GroupVersion.String(), d.decode(&f.Fleet))
	case kind == "K8ssandraCluster" && group == k8ssandra.GroupVersion.Group:
		ring := Ring{at: d}
		err := d.decode(&ring.K8ssandraCluster)
		if ring.Object = d.object(); ring.Object == nil {
			return err
		}
		f.Rings = append(f.Rings, ring)
		return d.version(k8ssandra.GroupVersion.String(), err)
	case kind == "Secret" && apiVersion == "v1":
		secret := Secret{at: d}
		err := d.decode(&secret.Secret)
		f.Secrets = append(f.Secrets, secret)
		return err
	}
	return d.errorf("kind", "kind %q of apiVersion %q is not one that a fleet file can hold: Fleet, K8ssandraCluster and Secret are", kind, apiVersion)
}

// version refuses other versions of a known kind.
func (d *document) version(want string, err error) error {
	if got := d.scalar("apiVersion"); got != want {
		return errors.Join(d.errorf("apiVersion", "apiVersion: %q is not a version of it that there is: %s is", got, want), err)
	}
	return err
}

// Fault is an error about a field of the ring, with its line in the file.
func (r *Ring) Fault(field, message string) error {
	return r.at.errorf(field, "%s: %s", field, message)
}

// Line is where the file says a field of the ring, such as spec.cassandra.datacenters.dc1.size; that of its nearest parent when
// the file doesn't say it.
func (r *Ring) Line(field string) int { return r.at.line(field) }
