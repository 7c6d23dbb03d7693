// Package hash makes the hashes by which versions of a value are told apart. It is pure. Other versions of this program,
// objects and tags carry its results: what it answers never changes.
package hash
