// Package rbac holds the ClusterRoles that are shipped. They are written by hand: a permission is added together with
// the code that needs it, and tests of controllers run with these roles.
package rbac

import "embed"

// Files has one YAML file for each ClusterRole.
//
//go:embed *.yaml
var Files embed.FS
