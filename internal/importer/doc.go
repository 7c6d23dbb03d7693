// Package importer turns what people have from other programs into objects of Ringspan. It is pure: files come in, objects
// and notes about what can't be carried over go out. Today it knows kubefed (Federated).
//
// Start reading at Federated.
package importer
