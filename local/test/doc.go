// Package test runs a whole lab, as ringspan-local does for its users, and
// looks at it from outside: through the command line, the API servers and
// processes in pods. Nothing in it is imported by the product.
//
// One lab serves all tests of lab_test.go, in their order: each leaves it
// whole. The binaries come from the repository's bin directory, or from
// $RINGSPAN_BIN. Start reading at TestMain.
package test
