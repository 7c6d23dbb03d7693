// Package pods brings probes into the clusters of a fleet and makes a
// doctor.Observation of what they measure. Examine puts pods of their own there,
// one in each zone, and deletes them; QuickExamine lets the operators' pods, which
// are there anyway, measure, and takes a moment.
//
// A probe is asked through the API server and the kubelet (exec), so asking
// works while the network between regions doesn't, and nothing on the network
// can make a probe do anything but answer exchanges. Pods are made by Jobs that
// end and vanish by themselves: a run that is killed leaves nothing for longer
// than two minutes. Start reading at Examine.
package pods
