// Package probe measures, from one pod, how the network treats it: which ports
// of other pods answer, from which address it is seen there, how large a packet
// may be, the round-trip time, how far the clocks are apart, and what names resolve
// to. It needs no privilege: sockets, and the options that any program may set.
//
// Serve is the passive side. It listens on the ports of a ring's nodes and
// answers exchanges (exchange.go). Run is the active side: it takes a Task and
// returns a Result, both plain JSON. Neither decides what is good; that is
// package doctor's. Start reading at Run.
package probe
