// Package network says what a fleet's networks must let through and what they
// do let through. It is pure: no I/O, no clock.
//
// The port profile (ports.go) is what regions need of each other, as data: firewall
// rules are planned, checked and documented from it. Reachability is computed from what a cloud's API describes, without sending a
// packet: whether every pair of regions has what the profile asks for. Cloud (cloud.go) is what was observed, path.go follows one
// connection through it, and Check (check.go) tries all of them and groups what
// it finds by cause. Start reading at Check.
package network
