// Package effective says which configuration a Cassandra node has, and where each value comes from: the base configuration of
// its version, the ring's configuration, the datacenter's, or Ringspan, which says why. Passwords are left out.
// It is pure. Start reading at Of.
package effective
