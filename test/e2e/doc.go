// Package e2e plays users' stories on the embedded cloud with real Cassandra:
// one file a story, on one ring of six nodes in two regions, which TestMain
// brings up with `ringspan up` and takes down at the end. The programs must have
// been built (`make build`); RINGSPAN_BIN names another directory than bin/.
package e2e
