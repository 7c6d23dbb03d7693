// Package fieldtest is for tests that hold every field of an API type to something, such as that it is acted on or named as
// not acted on: it lists the fields, those of nested types too, and gives each a value. It knows nothing of what the fields
// mean. Start reading at Leaves.
package fieldtest
