package importer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	api "github.com/ringspan/ringspan/api/fleet/v1alpha1"
)

// Read reads objects from YAML or JSON: several documents, and lists.
func Read(file string, data []byte) (all []unstructured.Unstructured, err error) {
	decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), 4096)
	for n := 1; ; n++ {
		var raw runtime.RawExtension
		err := decoder.Decode(&raw)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: document %d: %w", file, n, err)
		}
		if raw.Raw = bytes.TrimSpace(raw.Raw); len(raw.Raw) == 0 || bytes.Equal(raw.Raw, []byte("null")) {
			continue
		}
		some, err := objects(raw.Raw)
		if err != nil {
			return nil, fmt.Errorf("%s: document %d: %w", file, n, err)
		}
		all = append(all, some...)
	}
}

func objects(raw []byte) ([]unstructured.Unstructured, error) {
	o, _, err := unstructured.UnstructuredJSONScheme.Decode(raw, nil, nil)
	if err != nil {
		return nil, err
	}
	switch o := o.(type) {
	case *unstructured.UnstructuredList:
		return o.Items, nil
	case *unstructured.Unstructured:
		return []unstructured.Unstructured{*o}, nil
	}
	return nil, fmt.Errorf("it is a %T", o)
}

// YAML prints Propagations as documents, JSON as one list.
func YAML(all []api.Propagation) ([]byte, error) {
	var out bytes.Buffer
	for i := range all {
		o, err := plain(&all[i])
		if err != nil {
			return nil, err
		}
		data, err := yaml.Marshal(o)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			out.WriteString("---\n")
		}
		out.Write(data)
	}
	return out.Bytes(), nil
}

// JSON prints Propagations as one list.
func JSON(all []api.Propagation) ([]byte, error) {
	items := []map[string]any{}
	for i := range all {
		o, err := plain(&all[i])
		if err != nil {
			return nil, err
		}
		items = append(items, o)
	}
	data, err := json.MarshalIndent(map[string]any{"apiVersion": "v1", "kind": "List", "items": items}, "", "  ")
	return append(data, '\n'), err
}

// plain is an object without the empty parts that only an API server fills.
func plain(p *api.Propagation) (map[string]any, error) {
	data, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	var o map[string]any
	if err := json.Unmarshal(data, &o); err != nil {
		return nil, err
	}
	delete(o, "status")
	unstructured.RemoveNestedField(o, "metadata", "creationTimestamp")
	return o, nil
}
