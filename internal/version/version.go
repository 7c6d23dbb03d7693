// Package version holds what this build calls itself, and the versions of what
// the embedded cloud brings.
package version

import "runtime"

// Version is set at the build (-ldflags -X).
var Version = "v0.1.0"

const (
	// Cassandra is the version that the embedded cloud brings.
	Cassandra = "5.0.9"
	// Kubernetes is the version of the embedded clusters.
	Kubernetes = "v1.36.3"
)

// Info is the shape of `ringspan version -o json`.
type Info struct {
	Ringspan   string `json:"ringspan"`
	Cassandra  string `json:"cassandra"`
	Kubernetes string `json:"kubernetes"`
	Go         string `json:"go"`
}

// Get tells all.
func Get() Info { return Info{Version, Cassandra, Kubernetes, runtime.Version()} }
