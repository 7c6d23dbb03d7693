// Package desired says what a fleet needs in AWS: which VPCs, subnets, gateways,
// peerings, EKS clusters with their add-ons, node groups and roles, with what names,
// from the file and from what is there. It is pure: no I/O, no clock.
//
// fleet/infra compares what is wanted with what was found; fleet/aws finds it and
// carries the steps out, and looks for it under the names that are made here.
//
// Start reading at Planner.Desire.
package desired
