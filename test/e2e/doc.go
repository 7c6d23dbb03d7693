// Package e2e plays users' stories on the embedded cloud with real Cassandra:
// one file a story. Most use one ring of six nodes in two regions, which the first
// story that needs it brings up (theRing) and which is taken down at the end. Each
// story runs alone as well (`make story NAME=…`), and in any order; the files'
// names only let those come last that take the ring down. The programs must have
// been built (`make build`); RINGSPAN_BIN names another directory than bin/.
package e2e
