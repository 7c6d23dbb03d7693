package test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/client-go/transport/spdy"
	utilexec "k8s.io/client-go/util/exec"
)

// TestPods looks at what pods can do. It breaks nothing, so its parts run
// together.
func TestPods(t *testing.T) {
	for name, test := range map[string]func(*testing.T){
		"logs": testLogs, "exec": testExec, "exec on a terminal": testTerminal, "attach": testAttach,
		"names": testNames, "services": testServices, "own token": testToken, "other region": testOtherRegion,
		"port-forward": testPortForward, "job with a volume": testJob, "rollout": testRollout,
		"confined": testConfined, "missing image": testMissingImage, "missing program": testMissingProgram, "kubectl": testKubectl,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t)
		})
	}
}

func testLogs(t *testing.T) {
	pod := shared.pod("talker", "sh", "-c", "echo one; echo two >&2; printf three")
	pod.Spec.RestartPolicy = corev1.RestartPolicyNever
	west.create(t, pod)
	west.finished(t, "talker")
	got := west.logs(t, "talker")
	for _, line := range []string{"one\n", "two\n", "three"} { // two streams have no common order
		if !strings.Contains(got, line) {
			t.Errorf("%q is missing in %q", line, got)
		}
	}
}

func testExec(t *testing.T) {
	west.up(t, shared.pod("runner", "sleep", "infinity"))
	out, errOut, err := west.exec(t, "runner", "", "sh", "-c", "echo out; echo err >&2; exit 7")
	var exit utilexec.CodeExitError
	if out != "out\n" || errOut != "err\n" || !errors.As(err, &exit) || exit.Code != 7 {
		t.Errorf("got %q, %q, %v", out, errOut, err)
	}
	long := strings.Repeat("x", 1<<20) + "\n"
	if out, _, err := west.exec(t, "runner", long, "cat"); err != nil || out != long {
		t.Errorf("of %d bytes of input %d came back: %v", len(long), len(out), err)
	}
	if _, _, err := west.exec(t, "runner", "", "no-such-program"); err == nil || !strings.Contains(err.Error(), "not found") {
		t.Errorf("a missing program gives %v", err)
	}
}

// sizes is a terminal of one size.
type sizes chan remotecommand.TerminalSize

func (s sizes) Next() *remotecommand.TerminalSize {
	size, ok := <-s
	if !ok {
		return nil
	}
	return &size
}

func testTerminal(t *testing.T) {
	west.up(t, shared.pod("typist", "sleep", "infinity"))
	window := make(sizes, 1)
	window <- remotecommand.TerminalSize{Width: 99, Height: 33}
	defer close(window)
	var out bytes.Buffer
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	// The size comes on its own way: wait for it inside.
	script := `test -t 0 && test -t 1 && tty; until test "$(stty size)" = "33 99"; do sleep 0.05; done; stty size; read word; echo "read $word"`
	err := west.stream(ctx, "typist", "exec", []string{"sh", "-c", script}, remotecommand.StreamOptions{
		Stdin: strings.NewReader("hello\n"), Stdout: &out, Tty: true, TerminalSizeQueue: window,
	})
	if err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	for _, want := range []string{"/dev/pts/", "33 99", "read hello"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in %q", want, out.String())
		}
	}
}

// transcript can be read while it is written.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *transcript) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *transcript) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func testAttach(t *testing.T) {
	pod := shared.pod("listener", "sh", "-c", `echo ready; while read word; do echo "heard $word"; echo "noted $word" >&2; done`)
	pod.Spec.Containers[0].Stdin, pod.Spec.Containers[0].StdinOnce = true, true
	pod.Spec.RestartPolicy = corev1.RestartPolicyNever
	west.up(t, pod)
	input, keyboard := io.Pipe()
	var out, errOut transcript
	ended := make(chan error, 1)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	go func() {
		ended <- west.stream(ctx, "listener", "attach", nil, remotecommand.StreamOptions{Stdin: input, Stdout: &out, Stderr: &errOut})
	}()
	fmt.Fprintln(keyboard, "hello")
	eventually(t, "an answer on both streams", func() error {
		if !strings.Contains(out.String(), "heard hello") || !strings.Contains(errOut.String(), "noted hello") {
			return fmt.Errorf("got %q, %q", out.String(), errOut.String())
		}
		return nil
	})
	keyboard.Close() // the end of input ends the program, that the pod, and that the attachment
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if p := west.finished(t, "listener"); p.Status.Phase != corev1.PodSucceeded {
		t.Errorf("the pod is %s", p.Status.Phase)
	}
}

// service makes a service for the pods of an app, from port 80 to 8080.
func (c *cluster) service(t *testing.T, name, app, clusterIP string) *corev1.Service {
	t.Helper()
	services := c.client.CoreV1().Services(metav1.NamespaceDefault)
	s, err := services.Create(t.Context(), &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.ServiceSpec{ClusterIP: clusterIP, Selector: map[string]string{"app": app}, Ports: []corev1.ServicePort{
			{Name: "http", Port: 80, TargetPort: portNumber(8080)},
		}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = services.Delete(context.Background(), name, metav1.DeleteOptions{}) })
	return s
}

func testNames(t *testing.T) {
	west.service(t, "peers", "peer", corev1.ClusterIPNone)
	s := west.service(t, "front", "peer", "")
	pod := shared.server("peer")
	pod.Spec.Hostname, pod.Spec.Subdomain = "first", "peers"
	ip := west.up(t, pod).Status.PodIP
	for name, want := range map[string]string{
		"peers": ip, "first.peers": ip, "first.peers.default.svc.cluster.local": ip,
		"front": s.Spec.ClusterIP, "front.default.svc.cluster.local.": s.Spec.ClusterIP, "kubernetes.default.svc": "10.100.0.1",
	} {
		west.answers(t, "peer", want, "lookup", name)
	}
	if out, err := west.probe(t, "peer", "lookup", "nobody.default.svc.cluster.local."); err == nil {
		t.Errorf("a name that isn't there is %s", out)
	}
}

func testServices(t *testing.T) {
	s := west.service(t, "web", "web", "")
	empty := west.service(t, "empty", "nobody", "")
	server := west.up(t, shared.server("web"))
	client := west.up(t, shared.pod("visitor", "sleep", "infinity"))
	west.answers(t, "visitor", fmt.Sprintf("web at %s sees %s", server.Status.PodIP, client.Status.PodIP), "get", s.Spec.ClusterIP)
	west.answers(t, "visitor", fmt.Sprintf("web at %s sees %s", server.Status.PodIP, client.Status.PodIP), "get", "web:80")
	eventually(t, "the server through its own service", func() error {
		_, err := west.probe(t, "web", "get", s.Spec.ClusterIP)
		return err
	})
	eventually(t, "a service without endpoints refuses", func() error {
		out, err := west.probe(t, "visitor", "get", empty.Spec.ClusterIP)
		if err == nil || !strings.Contains(err.Error(), "connection refused") {
			return fmt.Errorf("got %q, %w", out, err)
		}
		return nil
	})
}

func testToken(t *testing.T) {
	west.up(t, shared.pod("citizen", "sleep", "infinity"))
	west.answers(t, "citizen", "system:serviceaccount:default:default", "whoami")
}

func testOtherRegion(t *testing.T) {
	server := west.up(t, shared.server("there"))
	client := east.up(t, shared.server("here"))
	east.answers(t, "here", fmt.Sprintf("there at %s sees %s", server.Status.PodIP, client.Status.PodIP), "get", server.Status.PodIP+":8080")
	west.answers(t, "there", fmt.Sprintf("here at %s sees %s", client.Status.PodIP, server.Status.PodIP), "get", client.Status.PodIP+":8080")
}

func testPortForward(t *testing.T) {
	west.up(t, shared.server("harbour"))
	transport, upgrader, err := spdy.RoundTripperFor(west.config)
	if err != nil {
		t.Fatal(err)
	}
	url := west.client.CoreV1().RESTClient().Post().Resource("pods").Namespace(metav1.NamespaceDefault).Name("harbour").SubResource("portforward").URL()
	stop, ready, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	dialer := spdy.NewDialer(upgrader, &http.Client{Transport: transport}, "POST", url)
	forwarder, err := portforward.NewOnAddresses(dialer, []string{"127.0.0.1"}, []string{"0:8080"}, stop, ready, io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	go func() { ended <- forwarder.ForwardPorts() }()
	select {
	case <-ready:
	case err := <-ended:
		t.Fatal(err)
	}
	ports, err := forwarder.GetPorts()
	if err != nil {
		t.Fatal(err)
	}
	for range 3 { // each a connection of its own
		out, err := get(fmt.Sprintf("127.0.0.1:%d", ports[0].Local))
		if want := "harbour at 127.0.0.1 sees 127.0.0.1"; err != nil || out != want {
			t.Errorf("got %q, %v, want %q", out, err, want)
		}
	}
	close(stop)
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// claim asks for a volume; no class means the default one.
func (c *cluster) claim(t *testing.T, name, class string) {
	t.Helper()
	claims := c.client.CoreV1().PersistentVolumeClaims(metav1.NamespaceDefault)
	claim := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
		},
	}
	if class != "" {
		claim.Spec.StorageClassName = &class
	}
	if _, err := claims.Create(t.Context(), claim, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = claims.Delete(context.Background(), name, metav1.DeleteOptions{}) })
}

// grow asks for a larger volume, which is there while its pod runs.
func (c *cluster) grow(t *testing.T, claim *corev1.PersistentVolumeClaim, size string) {
	t.Helper()
	claims := c.client.CoreV1().PersistentVolumeClaims(claim.Namespace)
	patch := fmt.Appendf(nil, `{"spec":{"resources":{"requests":{"storage":%q}}}}`, size)
	if _, err := claims.Patch(t.Context(), claim.Name, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the larger volume", func() error {
		now, err := claims.Get(t.Context(), claim.Name, metav1.GetOptions{})
		if err == nil && now.Status.Capacity.Storage().String() != size {
			err = fmt.Errorf("claim %s has %s, %v", now.Name, now.Status.Capacity.Storage(), now.Status.Conditions)
		}
		return err
	})
}

// mount gives the pod's container a claim's volume at /data.
func mount(pod *corev1.Pod, claim string) {
	pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: "data", VolumeSource: corev1.VolumeSource{
		PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim},
	}})
	pod.Spec.Containers[0].VolumeMounts = []corev1.VolumeMount{{Name: "data", MountPath: "/data"}}
}

func testJob(t *testing.T) {
	west.claim(t, "disk", "gp3")
	pod := shared.pod("worker", "sh", "-c", `
		if touch /here /etc/here /var/here 2>/dev/null; then echo the root is writable; exit 1; fi
		echo kept >/data/file && echo "user $(id -u) of $(id -G), volume of group $(stat -c %g /data), file of $(stat -c %u:%g /data/file)"`)
	mount(pod, "disk")
	user, yes := int64(999), true
	pod.Spec.RestartPolicy = corev1.RestartPolicyNever
	pod.Spec.SecurityContext = &corev1.PodSecurityContext{RunAsUser: &user, RunAsGroup: &user, FSGroup: &user}
	pod.Spec.Containers[0].SecurityContext = &corev1.SecurityContext{ReadOnlyRootFilesystem: &yes}
	job := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: "work"}, Spec: batchv1.JobSpec{
		Template: corev1.PodTemplateSpec{ObjectMeta: pod.ObjectMeta, Spec: pod.Spec},
	}}
	jobs := west.client.BatchV1().Jobs(metav1.NamespaceDefault)
	if _, err := jobs.Create(t.Context(), job, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	background := metav1.DeletePropagationBackground
	t.Cleanup(func() {
		_ = jobs.Delete(context.Background(), "work", metav1.DeleteOptions{PropagationPolicy: &background})
	})
	eventually(t, "the job's end", func() error {
		j, err := jobs.Get(t.Context(), "work", metav1.GetOptions{})
		if err == nil && j.Status.Succeeded+j.Status.Failed == 0 {
			err = fmt.Errorf("it is %+v", j.Status)
		}
		return err
	})
	pods, err := west.client.CoreV1().Pods(metav1.NamespaceDefault).List(t.Context(), metav1.ListOptions{LabelSelector: "job-name=work"})
	if err != nil {
		t.Fatal(err)
	}
	want := "user 999 of 999, volume of group 999, file of 999:999\n"
	if os.Getuid() != 0 { // a lab without root has only one user
		want = "user 0 of 0, volume of group 0, file of 0:0\n"
	}
	if got := west.logs(t, pods.Items[0].Name); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if err := jobs.Delete(t.Context(), "work", metav1.DeleteOptions{PropagationPolicy: &background}); err != nil {
		t.Fatal(err) // even a finished pod holds its claim
	}
	t.Run("the volume goes with its claim", func(t *testing.T) { volumeGoes(t, "disk") })
}

// volumeGoes checks that a claim's directory is deleted with the claim.
func volumeGoes(t *testing.T, claim string) {
	pvc, err := west.client.CoreV1().PersistentVolumeClaims(metav1.NamespaceDefault).Get(t.Context(), claim, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	pv, err := west.client.CoreV1().PersistentVolumes().Get(t.Context(), pvc.Spec.VolumeName, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(pv.Spec.Local.Path); err != nil {
		t.Fatal(err)
	}
	if err := west.client.CoreV1().PersistentVolumeClaims(metav1.NamespaceDefault).Delete(t.Context(), claim, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the volume's directory is gone", func() error {
		if _, err := os.Stat(pv.Spec.Local.Path); !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("%s is there (%v)", pv.Spec.Local.Path, err)
		}
		return nil
	})
}

func testRollout(t *testing.T) {
	pod := shared.server("wave")
	replicas := int32(2)
	deployments := west.client.AppsV1().Deployments(metav1.NamespaceDefault)
	d, err := deployments.Create(t.Context(), &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "wave"}, Spec: appsv1.DeploymentSpec{
		Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: pod.Labels},
		Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: pod.Labels}, Spec: pod.Spec},
	}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	background := metav1.DeletePropagationBackground
	t.Cleanup(func() {
		_ = deployments.Delete(context.Background(), "wave", metav1.DeleteOptions{PropagationPolicy: &background})
	})
	rolledOut := func() {
		t.Helper()
		eventually(t, "the rollout", func() (err error) {
			if d, err = deployments.Get(t.Context(), "wave", metav1.GetOptions{}); err != nil {
				return err
			}
			if s := d.Status; s.ObservedGeneration < d.Generation || s.UpdatedReplicas != 2 || s.AvailableReplicas != 2 || s.Replicas != 2 {
				return fmt.Errorf("it is %+v", s)
			}
			return nil
		})
	}
	rolledOut()
	d.Spec.Template.Spec.Containers[0].Env = append(d.Spec.Template.Spec.Containers[0].Env, corev1.EnvVar{Name: "WAVE", Value: "second"})
	if d, err = deployments.Update(t.Context(), d, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	rolledOut()
	eventually(t, "only pods of the second wave", func() error {
		pods, err := west.client.CoreV1().Pods(metav1.NamespaceDefault).List(t.Context(), metav1.ListOptions{LabelSelector: "app=wave"})
		if err == nil && len(pods.Items) != 2 {
			err = fmt.Errorf("%d pods", len(pods.Items))
		}
		for _, p := range pods.Items {
			if env := p.Spec.Containers[0].Env; env[len(env)-1].Value != "second" {
				err = fmt.Errorf("%s has the environment %v", p.Name, env)
			}
		}
		return err
	})
}

// waiting waits until a pod's container waits for one of some reasons.
func waiting(t *testing.T, pod *corev1.Pod, reasons string) *corev1.ContainerStatus {
	t.Helper()
	west.create(t, pod)
	p := west.await(t, pod.Name, "waiting: "+reasons, func(p *corev1.Pod) bool {
		s := p.Status.ContainerStatuses
		return len(s) == 1 && s[0].State.Waiting != nil && strings.Contains(reasons, s[0].State.Waiting.Reason)
	})
	return &p.Status.ContainerStatuses[0]
}

func testMissingImage(t *testing.T) {
	pod := shared.pod("dreamer", "sleep", "infinity")
	pod.Spec.Containers[0].Image = "docker.io/library/unicorn:1.0"
	s := waiting(t, pod, "ErrImagePull ImagePullBackOff")
	for _, want := range []string{"ErrImagePull", "unicorn:1.0 is not on this machine", "ringspan/tools"} {
		if text := s.State.Waiting.Reason + ": " + s.State.Waiting.Message; !strings.Contains(text, want) {
			t.Errorf("%q is missing in %q", want, text)
		}
	}
}

func testMissingProgram(t *testing.T) {
	waiting(t, shared.pod("clueless", "no-such-program"), "RunContainerError CrashLoopBackOff")
	p := west.await(t, "clueless", "told why it failed", func(p *corev1.Pod) bool {
		s := p.Status.ContainerStatuses[0]
		return s.LastTerminationState.Terminated != nil || s.State.Terminated != nil
	})
	end := p.Status.ContainerStatuses[0].LastTerminationState.Terminated
	if end == nil {
		end = p.Status.ContainerStatuses[0].State.Terminated
	}
	if end.Reason != "StartError" || end.ExitCode != 128 || !strings.Contains(end.Message, `"no-such-program": executable file not found in $PATH`) {
		t.Errorf("the container ended with %+v", end)
	}
}

// testKubectl checks that the binary of all components knows itself by its
// name, and is kubectl.
func testKubectl(t *testing.T) {
	link := filepath.Join(t.TempDir(), "kubectl")
	if err := os.Symlink(filepath.Join(shared.bin, "ringspan-kube"), link); err != nil {
		t.Fatal(err)
	}
	kubeconfig := strings.TrimSpace(shared.must(t, "kubeconfig"))
	for _, command := range [][]string{{link}, {filepath.Join(shared.bin, "ringspan-kube"), "kubectl"}} {
		cmd := exec.Command(command[0], append(command[1:], "--context", "east", "get", "nodes", "-o", "name")...)
		cmd.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig, "KUBECACHEDIR="+t.TempDir())
		out, err := cmd.CombinedOutput()
		if want := "node/" + nodeOf(t, east) + "\n"; err != nil || string(out) != want {
			t.Errorf("%v: got %q, %v, want %q", command, out, err, want)
		}
	}
	out, err := exec.Command(filepath.Join(shared.bin, "ringspan-kube"), "kube-teapot").CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 2 || !strings.Contains(string(out), "kubectl") {
		t.Errorf("an unknown component gives %q, %v", out, err)
	}
}
