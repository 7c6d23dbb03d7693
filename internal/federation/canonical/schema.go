package canonical

import (
	"encoding/json"
	"sync"

	"sigs.k8s.io/yaml"

	"github.com/ringspan/ringspan/config/crd"
)

// node is what matters here of a structural schema.
type node struct {
	Default    any
	Properties map[string]*node
	Items      *node
	Additional *node // of keys that are no properties
	Preserve   bool  // of unknown fields
}

// field is the schema of a key; nil when it has none.
func (n *node) field(key string) *node {
	switch {
	case n == nil:
		return nil
	case n.Properties[key] != nil:
		return n.Properties[key]
	}
	return n.Additional
}

func (n *node) item() *node {
	if n == nil {
		return nil
	}
	return n.Items
}

// UnmarshalJSON reads a schema. additionalProperties may be a boolean, which says nothing about defaults.
func (n *node) UnmarshalJSON(data []byte) error {
	var raw struct {
		Default    json.RawMessage  `json:"default"`
		Properties map[string]*node `json:"properties"`
		Items      *node            `json:"items"`
		Additional json.RawMessage  `json:"additionalProperties"`
		Preserve   bool             `json:"x-kubernetes-preserve-unknown-fields"`
	}
	if err := json.Unmarshal(data, &raw); err != nil {
		return err
	}
	*n = node{Properties: raw.Properties, Items: raw.Items, Preserve: raw.Preserve}
	if raw.Default != nil {
		n.Default = decode(raw.Default)
	}
	if len(raw.Additional) > 0 && raw.Additional[0] == '{' {
		n.Additional = &node{}
		return json.Unmarshal(raw.Additional, n.Additional)
	}
	return nil
}

// Schema is that of a kind's spec, in the definition that this version installs.
type Schema struct{ spec func() *node }

// Of reads the schema of a definition when it is first needed. The file is one of config/crd: one that isn't there is a
// mistake in the program.
func Of(file string) *Schema {
	return &Schema{sync.OnceValue(func() *node {
		data, err := crd.Files.ReadFile(file)
		if err != nil {
			panic(err) // it is part of this program
		}
		n, err := schemaOf(data)
		if err != nil {
			panic(err)
		}
		return n
	})}
}

// schemaOf is the schema of spec in a definition.
func schemaOf(definition []byte) (*node, error) {
	var d struct {
		Spec struct {
			Versions []struct {
				Schema struct {
					OpenAPIV3Schema *node `json:"openAPIV3Schema"`
				} `json:"schema"`
			} `json:"versions"`
		} `json:"spec"`
	}
	if err := yaml.Unmarshal(definition, &d); err != nil {
		return nil, err
	}
	return d.Spec.Versions[0].Schema.OpenAPIV3Schema.field("spec"), nil
}
