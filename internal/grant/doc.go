// Package grant says whose rings, ReplicatedSecrets and Propagations may reach into a namespace: a namespace accepts what comes from
// itself, and from the namespace of the same name of the fleet's other regions, which counts as the same one. Everything
// else has to be allowed there, by an annotation that only who may change the namespace can set, and that names what it lets in.
// It is pure. Start reading at Accepts.
package grant
