// Package java holds the source of the launcher that runs inside Cassandra's
// JVM; package distribution compiles it with the JDK that runs Cassandra.
package java

import "embed"

// Sources are the launcher's Java files.
//
//go:embed ringspan/*.java
var Sources embed.FS
