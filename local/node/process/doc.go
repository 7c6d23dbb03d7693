// Package process turns a container's specification into a running process: it
// builds the root file system out of the host's system directories, the image's
// mounts and the pod's volumes, and executes the container's program there.
//
// It runs inside ringspan-init, the first process of every container, and must
// stay small: it links nothing of Kubernetes. Start reading at Run.
package process
