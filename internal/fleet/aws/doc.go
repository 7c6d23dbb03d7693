// Package aws finds a fleet's infrastructure in AWS by its tags, and carries out
// the plans of fleet/infra through AWS's API. It keeps no state of its own: what
// is there is asked for, every time, in all regions at once.
//
// It never decides what is wanted, and never touches what doesn't carry the
// fleet's tag, but for the routes, rules and peerings that connect an adopted
// network, which end with the fleet.
//
// Start reading at Cloud; api.go lists every call that can be made, errors.go
// says what AWS's errors mean, kind_*.go how each kind of resource is read, made,
// changed and deleted. An account is read in one way (contents.go) and asked two
// questions: what of it is the fleet's (observation.go), and what decides over packets
// between regions (describe.go). What a fleet needs says package desired.
package aws
