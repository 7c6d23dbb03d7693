package region

import (
	"context"
	"io"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/remotecommand"
)

// Exec runs a command in the node's Cassandra container.
func (n Node) Exec(ctx context.Context, command []string, stdout, stderr io.Writer) error {
	kube, err := kubernetes.NewForConfig(n.Region.Config)
	if err != nil {
		return err
	}
	request := kube.CoreV1().RESTClient().Post().Resource("pods").Namespace(n.Pod.Namespace).Name(n.Pod.Name).SubResource("exec").
		VersionedParams(&corev1.PodExecOptions{Container: "cassandra", Command: command, Stdout: true, Stderr: true}, clientgoscheme.ParameterCodec)
	executor, err := remotecommand.NewSPDYExecutor(n.Region.Config, "POST", request.URL())
	if err != nil {
		return err
	}
	return executor.StreamWithContext(ctx, remotecommand.StreamOptions{Stdout: stdout, Stderr: stderr})
}
