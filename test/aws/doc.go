// Package aws tests provider aws against the embedded endpoint of
// ringspan-local, over HTTP, with the SDK of AWS in between. It builds the
// endpoint's program itself. Start reading at cloud_test.go.
package aws
