package fleet

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
)

// Manifest is an object as kubectl would apply it, outside a fleet's file.
type Manifest struct {
	Object *unstructured.Unstructured
	at     *document
}

// Line is where the file says a field; that of its nearest parent when the file doesn't say it.
func (m *Manifest) Line(field string) int { return m.at.line(field) }

// Manifests reads the rings and datacenters of a file that has no Fleet; none of one that has. Other objects in it are passed over.
func Manifests(path string) (all []Manifest, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	documents, err := split(path, data)
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, d := range documents {
		if d.root.Kind != yaml.MappingNode {
			continue
		}
		group, _, _ := strings.Cut(d.scalar("apiVersion"), "/")
		var into any
		switch kind := d.scalar("kind"); {
		case kind == "Fleet":
			return nil, nil
		case kind == "K8ssandraCluster" && group == k8ssandra.GroupVersion.Group:
			into = &k8ssandra.K8ssandraCluster{}
		case kind == "CassandraDatacenter" && group == cassandra.GroupVersion.Group:
			into = &cassandra.CassandraDatacenter{}
		default:
			continue
		}
		errs = append(errs, d.duplicates(d.root, ""), d.decode(into))
		if o := d.object(); o != nil {
			all = append(all, Manifest{o, d})
			if o.GetName() == "" {
				errs = append(errs, d.errorf("metadata", "metadata.name: the object has no name"))
			}
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("%w", sorted(errs))
	}
	return all, nil
}
