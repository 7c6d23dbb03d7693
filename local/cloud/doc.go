// Package cloud is the embedded cloud: regions on one Linux machine, each a
// network with a Kubernetes cluster in it.
//
// Run (run.go) is the outer process, in the host's namespaces. It opens the
// listeners through which the host reaches the API servers, makes new
// namespaces and starts ringspan-init in them, which starts Supervise
// (supervise.go), the process that owns everything else: networks, control
// planes, kubelets, container runtimes, volumes, services. When the outer
// process dies, the kernel ends all of it.
//
// Regions come from the configuration; with an AWS API (aws.go), EKS clusters
// come and go besides (clusters.go, hosted.go), and a doorman of the outer
// process opens ports for them (doorman.go).
//
// State (config.go, state.go) lies in one directory and outlives the run: a
// later run brings back the same clusters with the same data. Client
// (client.go) talks to a running lab over its control socket.
package cloud
