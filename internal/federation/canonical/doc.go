// Package canonical makes one text of a shared object's spec, and its hash, that two versions of the operator agree about.
//
// The spec as a program reads it is not that text: the API server fills in defaults, which differ from version to version,
// and types leave out what they don't know. So a hash of Go's JSON changes with every default that is added, and an upgrade
// would look like an edit. Here a value that equals its default in the shipped schema counts as not there, whether a person
// wrote it or the API server did. A field that a person sets is part of the text in every version that knows it; one that
// doesn't know it gets another hash, and so can tell that it doesn't understand the spec (Unknown says which fields).
//
// What must stay as it is, for as long as versions meet in one fleet: the form (Form), the JSON names of fields, and the
// default of a field once it has one. A new field must be left out of the JSON while it is not set. The golden test fails
// when one of these changes.
//
// Former is the hash of the first version, which is still written for it and verified where there is nothing else.
//
// The package is pure. Start reading at canonical.go.
package canonical
