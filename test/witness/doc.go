// Package witness lets programs that know AWS, and nothing of Ringspan, use the
// embedded AWS: what they make of its answers can't be a mistake that both sides
// share. Its tests take minutes and need those programs; each says when it is
// skipped and why. make test-witness runs them; make test doesn't.
package witness
