// Package plane is what AWS resources mean for packets and machines: plain
// values that the API servers (local/aws/ec2, local/aws/eks) hand down, and the
// two interfaces through which they do. It knows neither the wire format of AWS
// nor how a kernel is configured.
//
// Networks are declarative: after each change the whole Topology is handed
// down, and Apply makes the kernel equal to it. Clusters and machines are made
// and ended by calls, because they take long and have states of their own.
//
// None is the plane of a cloud that only answers its API. Start reading at
// Topology.
package plane
