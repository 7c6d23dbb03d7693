// Package crd holds the generated CustomResourceDefinitions; hack/generate.sh makes them from api/.
package crd

import "embed"

// Files has one YAML file for each kind.
//
//go:embed *.yaml
var Files embed.FS
