// Package provision brings what a fleet stands on into the state that its file
// asks for, and takes it down again: it observes, plans (fleet/infra), has the
// steps done, and observes again, until a plan is empty.
//
// It knows no cloud. A Provider finds and makes things in one, in the words of
// fleet/infra; fleet/aws is one. This package never decides what is wanted, and
// never calls a cloud's API itself.
//
// Start reading at Provider, then Up and Down.
package provision
