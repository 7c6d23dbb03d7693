// Package cloud is the embedded cloud: an account of AWS on one Linux machine
// whose VPCs are networks and whose EKS clusters run.
//
// Run (run.go) is the outer process, in the host's namespaces. It makes new
// namespaces and starts ringspan-init in them, which starts Supervise
// (supervise.go), the process that owns everything else: networks, control
// planes, kubelets, container runtimes, volumes, services. When the outer
// process dies, the kernel ends all of it.
//
// Everything is made through the AWS API (aws.go): clusters come and go as it
// says (clusters.go, hosted.go), and the outer process opens ports
// of the host for them (hostports.go). At a start, what the account had is made
// again (restore.go). Faults (faults.go) act on what there is.
//
// State (config.go, state.go) lies in one directory and outlives the run: a
// later run brings back the same clusters with the same data. Client
// (client.go) talks to a running lab over its control socket.
package cloud
