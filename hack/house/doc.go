// Package house checks what holds for the tree as a whole, as tests: packages that
// say that they are pure are, pages name files that exist, and every package can be
// found by what docs/architecture.md says. It has no code of its own.
package house
