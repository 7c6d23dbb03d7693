// Package admission holds the admission policies that are shipped: the rules that need annotations, status or free-form
// parts of an object, which the schemas of the CustomResourceDefinitions can't see.
package admission

import "embed"

// Files has one YAML file for each policy.
//
//go:embed *.yaml
var Files embed.FS
