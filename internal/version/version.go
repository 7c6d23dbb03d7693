// Package version holds what this build calls itself.
package version

// Version is set at the build.
var Version = "v0.1.0"

// Cassandra is the version that the embedded cloud brings.
const Cassandra = "5.0.9"
