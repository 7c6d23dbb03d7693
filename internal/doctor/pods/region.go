package pods

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/remotecommand"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/internal/doctor/probe"
	reach "github.com/ringspan/ringspan/internal/region"
)

// Region is how a region's cluster is reached.
type Region struct {
	Name   string
	Config *rest.Config
	Client client.Client // knows Kubernetes' own kinds, ClientConfig and CassandraDatacenter
}

// Of are the regions of a fleet.
func Of(all []reach.Region) (list []Region) {
	for _, r := range all {
		list = append(list, Region(r))
	}
	return list
}

// program is where the operator's image has this program.
const program = "/opt/ringspan/ringspan-operator"

// session is one run of a task in a pod. It lasts until it is closed: a probe
// that listens goes on listening for others that aren't done yet.
type session struct {
	pod        string
	in         *io.PipeWriter
	out        *io.PipeReader
	complaints bytes.Buffer
	ended      chan struct{}
	err        error // when ended
}

func (r Region) start(ctx context.Context, pod *corev1.Pod, task probe.Task) (*session, error) {
	data, err := json.Marshal(task)
	if err != nil {
		return nil, err
	}
	kube, err := kubernetes.NewForConfig(r.Config)
	if err != nil {
		return nil, err
	}
	request := kube.CoreV1().RESTClient().Post().Resource("pods").Namespace(pod.Namespace).Name(pod.Name).SubResource("exec").
		VersionedParams(&corev1.PodExecOptions{
			Container: pod.Spec.Containers[0].Name, Command: []string{program, "probe", "run"}, Stdin: true, Stdout: true, Stderr: true,
		}, clientgoscheme.ParameterCodec)
	executor, err := remotecommand.NewSPDYExecutor(r.Config, "POST", request.URL())
	if err != nil {
		return nil, err
	}
	in, feed := io.Pipe()
	out, results := io.Pipe()
	s := &session{pod: pod.Name, in: feed, out: out, ended: make(chan struct{})}
	go func() {
		s.err = executor.StreamWithContext(ctx, remotecommand.StreamOptions{Stdin: in, Stdout: results, Stderr: &s.complaints})
		close(s.ended)
		_, _ = feed.Close(), results.Close() // an end, not an error: the executor logs those of its input
	}()
	go func() { _, _ = feed.Write(data) }() // ends with the stream, whose error says more
	return s, nil
}

// result waits for it.
func (s *session) result() (result probe.Result, err error) {
	if err = json.NewDecoder(s.out).Decode(&result); err == nil {
		return result, nil
	}
	<-s.ended
	if s.err != nil {
		err = s.err
	}
	return result, fmt.Errorf("pod %s: %w %s", s.pod, err, strings.TrimSpace(s.complaints.String()))
}

// close ends the session and waits for its end.
func (s *session) close() {
	_, _ = s.in.Close(), s.out.Close() // pipes
	<-s.ended
}
