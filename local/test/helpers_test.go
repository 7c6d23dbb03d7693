package test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/remotecommand"

	"github.com/ringspan/ringspan/local/cloud"
)

// patience bounds every wait. It is for machines that are busy with other
// things: nothing here should take a tenth of it.
const patience = 90 * time.Second

// markVariable is in the environment of every process of a lab under test.
const markVariable = "RINGSPAN_TEST_LAB"

// lab is one lab below a temporary directory, whose name is its mark.
type lab struct {
	dir, bin string
	user     *syscall.Credential // nil: whoever runs the test
	guard    *exec.Cmd
	lifeline io.Closer // its end tells the guard to clean up
	endpoint cloud.Endpoint
	clusters map[string]*cluster // by region, as their administrators see them
}

// newLab makes the directories of a lab whose account has the given regions.
func newLab(user *syscall.Credential, regions ...cloud.Region) (*lab, error) {
	dir, err := os.MkdirTemp("", "ringspan-lab-")
	if err != nil {
		return nil, err
	}
	l := &lab{dir: dir, bin: binaries(), user: user, clusters: map[string]*cluster{}}
	if err := l.watch(); err != nil {
		return nil, err
	}
	for _, name := range []string{"ringspan-local", "ringspan-init", "ringspan-kube"} {
		if _, err := os.Stat(filepath.Join(l.bin, name)); err != nil {
			return nil, fmt.Errorf("%w: run `make build` first, or name the directory of the binaries in $RINGSPAN_BIN", err)
		}
	}
	if err := l.writeImages(); err != nil {
		return nil, err
	}
	config := cloud.Config{Name: "test", Images: l.path("images"), AWS: cloud.AWS{Strict: true, Unlimited: true, Regions: regions}}
	if err := writeJSON(l.path("config.json"), config); err != nil {
		return nil, err
	}
	if user == nil {
		return l, nil
	}
	return l, l.handOver(user)
}

func binaries() string {
	dir := os.Getenv("RINGSPAN_BIN")
	if dir == "" {
		dir = filepath.Join("..", "..", "bin")
	}
	dir, _ = filepath.Abs(dir) // fails only without a working directory
	return dir
}

// handOver lets another user run the lab: it gets readable copies of the
// binaries, wherever they lie, and a directory to write to.
func (l *lab) handOver(user *syscall.Credential) error {
	bin := l.path("bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		return err
	}
	for _, name := range []string{"ringspan-local", "ringspan-init", "ringspan-kube"} {
		if err := copyFile(filepath.Join(l.bin, name), filepath.Join(bin, name)); err != nil {
			return err
		}
	}
	l.bin = bin
	return os.Chown(l.dir, int(user.Uid), int(user.Gid))
}

// writeImages makes the image ringspan/tools: the host's own programs, and this
// test program as the probe.
func (l *lab) writeImages() error {
	dir := l.path("images", "ringspan", "tools")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.Chmod(l.dir, 0o755); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if err := copyFile(self, filepath.Join(dir, "probe")); err != nil {
		return err
	}
	return writeJSON(filepath.Join(dir, "image.json"), map[string]any{
		"entrypoint": []string{"sleep", "infinity"},
		"mounts":     []map[string]any{{"source": "probe", "target": probePath, "readOnly": true}},
	})
}

func (l *lab) path(parts ...string) string {
	return filepath.Join(append([]string{l.dir}, parts...)...)
}

func (l *lab) state() string { return l.path("state") }

// run runs one command of ringspan-local.
func (l *lab) run(args ...string) (string, error) { return l.runIn(l.state(), args...) }

func (l *lab) runIn(state string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(l.bin, "ringspan-local"), append([]string{"--state", state}, args...)...)
	cmd.Env = append(os.Environ(), markVariable+"="+l.dir)
	cmd.Dir, cmd.WaitDelay = "/", time.Second
	if l.user != nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: l.user}
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("ringspan-local %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return string(out), err
}

func (l *lab) must(t *testing.T, args ...string) string {
	t.Helper()
	out, err := l.run(args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// start starts the lab; what was written down of it before must stay valid.
func (l *lab) start() error {
	if _, err := l.run("start", "--config", l.path("config.json")); err != nil {
		return err
	}
	s, err := l.readStatus()
	if err != nil {
		return err
	}
	if s.Endpoint == nil || l.endpoint.Endpoint != "" && *s.Endpoint != l.endpoint {
		return fmt.Errorf("the endpoint is %+v, was %+v", s.Endpoint, l.endpoint)
	}
	l.endpoint = *s.Endpoint
	return nil
}

// connect finds the administrators' ways into the clusters that there are.
func (l *lab) connect() error {
	path, err := l.run("kubeconfig")
	if err != nil {
		return err
	}
	file, err := clientcmd.LoadFromFile(strings.TrimSpace(path))
	if err != nil {
		return err
	}
	for region := range file.Contexts {
		config, err := clientcmd.NewNonInteractiveClientConfig(*file, region, nil, nil).ClientConfig()
		if err != nil {
			return err
		}
		config.QPS = -1
		client, err := kubernetes.NewForConfig(config)
		if err != nil {
			return err
		}
		l.clusters[region] = &cluster{l, region, config, client}
	}
	return nil
}

func (l *lab) readStatus() (s cloud.Status, err error) {
	out, err := l.run("status", "-o", "json")
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal([]byte(out), &s)
}

func (l *lab) status(t *testing.T) cloud.Status {
	t.Helper()
	s, err := l.readStatus()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// crashes tells whether the lab's own log speaks of a defect in its program: a
// panic, or in a build for it, a data race.
func (l *lab) crashes() error {
	data, err := os.ReadFile(l.path("state", "logs", "ringspan-local.log"))
	if err != nil {
		return err
	}
	for _, sign := range []string{"WARNING: DATA RACE", "panic: ", "fatal error: "} {
		if i := bytes.Index(data, []byte(sign)); i >= 0 {
			return fmt.Errorf("the lab's log says:\n%s", data[i:min(len(data), i+4000)])
		}
	}
	return nil
}

// processes are those that belong to the lab, each as its id and command line.
func (l *lab) processes() []string { return marked(l.dir) }

func marked(mark string) (found []string) {
	all, _ := filepath.Glob("/proc/[0-9]*")
	for _, p := range all {
		command, _ := os.ReadFile(p + "/cmdline") // the process may have ended
		environment, _ := os.ReadFile(p + "/environ")
		if bytes.Contains(command, []byte(mark)) || bytes.Contains(environment, []byte(mark)) {
			found = append(found, filepath.Base(p)+" "+string(bytes.ReplaceAll(command, []byte{0}, []byte{' '})))
		}
	}
	return found
}

// watch starts the guard: a process that ends the lab and removes its directory
// when this one closes the lifeline, or ends in whatever way.
func (l *lab) watch() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	l.guard = exec.Command(self, "guard")
	l.guard.Stderr = os.Stderr
	l.guard.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // Ctrl-C is not for it
	pipe, err := l.guard.StdinPipe()
	if err != nil {
		return err
	}
	l.lifeline = pipe
	if err := l.guard.Start(); err != nil {
		return err
	}
	_, err = io.WriteString(pipe, l.dir)
	return err
}

// close ends the lab, however it is, and removes what it left.
func (l *lab) close() error {
	l.lifeline.Close()
	return l.guard.Wait()
}

func guard() int {
	dir, err := io.ReadAll(os.Stdin)
	if err != nil || len(dir) == 0 {
		return 1
	}
	deadline := time.Now().Add(patience)
	for left := marked(string(dir)); len(left) > 0; left = marked(string(dir)) {
		if time.Now().After(deadline) {
			fmt.Fprintf(os.Stderr, "these outlive their lab:\n%s\n", strings.Join(left, "\n"))
			return 1
		}
		for _, p := range left {
			var pid int
			if _, err := fmt.Sscan(p, &pid); err == nil {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	if err := os.RemoveAll(string(dir)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// hostView is what of the host a lab must leave alone.
func hostView() (string, error) {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return "", err
	}
	links, err := net.Interfaces()
	if err != nil {
		return "", err
	}
	view := string(mounts)
	for _, l := range links {
		view += l.Name + "\n"
	}
	for _, dir := range []string{"/run/netns", "/run/ringspan", "/var/log/containers", "/usr/libexec/kubernetes"} {
		_, err := os.Stat(dir)
		view += fmt.Sprintln(dir, err == nil)
	}
	return view, nil
}

// cluster is one region as its users see it.
type cluster struct {
	lab    *lab
	region string
	config *rest.Config
	client *kubernetes.Clientset
}

// pod describes a pod of the tools image with one container.
func (l *lab) pod(name string, command ...string) *corev1.Pod {
	grace := int64(1)
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": name}},
		Spec: corev1.PodSpec{
			TerminationGracePeriodSeconds: &grace,
			Containers: []corev1.Container{{
				Name: "main", Image: "ringspan/tools", Command: command,
				Env: []corev1.EnvVar{{Name: markVariable, Value: l.dir}},
			}},
		},
	}
}

// server describes a pod that answers on ports 8080 and 8081; see probe.
func (l *lab) server(name string) *corev1.Pod {
	p := l.pod(name, probePath, "probe", "serve", "8080", "8081")
	p.Spec.Containers[0].ReadinessProbe = &corev1.Probe{
		PeriodSeconds: 1, ProbeHandler: corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: portNumber(8080)}},
	}
	return p
}

// create makes a pod that lives as long as the test.
func (c *cluster) create(t *testing.T, pod *corev1.Pod) {
	t.Helper()
	pods := c.client.CoreV1().Pods(metav1.NamespaceDefault)
	if _, err := pods.Create(t.Context(), pod, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = pods.Delete(ctx, pod.Name, metav1.DeleteOptions{}) // the lab may be gone by now
	})
}

// up makes a pod and waits until it is ready.
func (c *cluster) up(t *testing.T, pod *corev1.Pod) *corev1.Pod {
	t.Helper()
	c.create(t, pod)
	return c.ready(t, pod.Name)
}

func (c *cluster) ready(t *testing.T, name string) *corev1.Pod {
	t.Helper()
	return c.await(t, name, "ready", isReady)
}

func (c *cluster) finished(t *testing.T, name string) *corev1.Pod {
	t.Helper()
	return c.await(t, name, "finished", func(p *corev1.Pod) bool {
		return p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed
	})
}

// await waits for a state of a pod.
func (c *cluster) await(t *testing.T, name, state string, reached func(*corev1.Pod) bool) (pod *corev1.Pod) {
	t.Helper()
	eventually(t, fmt.Sprintf("pod %s of %s %s", name, c.region, state), func() (err error) {
		if pod, err = c.client.CoreV1().Pods(metav1.NamespaceDefault).Get(t.Context(), name, metav1.GetOptions{}); err != nil {
			return err
		}
		if !reached(pod) {
			status, _ := json.Marshal(pod.Status) // plain data: cannot fail
			return errors.New(string(status))
		}
		return nil
	})
	return pod
}

func isReady(p *corev1.Pod) bool {
	return slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

func (c *cluster) logs(t *testing.T, pod string) string {
	t.Helper()
	out, err := c.client.CoreV1().Pods(metav1.NamespaceDefault).GetLogs(pod, &corev1.PodLogOptions{}).DoRaw(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// exec runs a command in a pod, as kubectl exec does.
func (c *cluster) exec(t *testing.T, pod, stdin string, command ...string) (stdout, stderr string, err error) {
	t.Helper()
	streams := remotecommand.StreamOptions{}
	if stdin != "" {
		streams.Stdin = strings.NewReader(stdin)
	}
	var out, errOut bytes.Buffer
	streams.Stdout, streams.Stderr = &out, &errOut
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err = c.stream(ctx, pod, "exec", command, streams)
	return out.String(), errOut.String(), err
}

// stream carries exec and attach over a WebSocket.
func (c *cluster) stream(ctx context.Context, pod, verb string, command []string, streams remotecommand.StreamOptions) error {
	q := c.client.CoreV1().RESTClient().Get().Resource("pods").Namespace(metav1.NamespaceDefault).Name(pod).SubResource(verb)
	in, out, errOut := streams.Stdin != nil, streams.Stdout != nil, streams.Stderr != nil
	if verb == "exec" {
		q = q.VersionedParams(&corev1.PodExecOptions{Command: command, Stdin: in, Stdout: out, Stderr: errOut, TTY: streams.Tty}, scheme.ParameterCodec)
	} else {
		q = q.VersionedParams(&corev1.PodAttachOptions{Stdin: in, Stdout: out, Stderr: errOut, TTY: streams.Tty}, scheme.ParameterCodec)
	}
	executor, err := remotecommand.NewWebSocketExecutor(c.config, "GET", q.URL().String())
	if err != nil {
		return err
	}
	return executor.StreamWithContext(ctx, streams)
}

// probe runs the probe in a pod; what it prints is the answer.
func (c *cluster) probe(t *testing.T, pod string, args ...string) (string, error) {
	t.Helper()
	out, errOut, err := c.exec(t, pod, "", append([]string{probePath, "probe"}, args...)...)
	if err != nil {
		err = fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, errOut)
	}
	return strings.TrimSpace(out), err
}

// answers waits until the probe in a pod gets the answer that is wanted.
func (c *cluster) answers(t *testing.T, pod, want string, args ...string) {
	t.Helper()
	eventually(t, fmt.Sprintf("%s in %s of %s", strings.Join(args, " "), pod, c.region), func() error {
		got, err := c.probe(t, pod, args...)
		if err == nil && got != want {
			err = fmt.Errorf("got %q, want %q", got, want)
		}
		return err
	})
}

// tester is a test, or what makes the lab that all tests share.
type tester interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Context() context.Context
}

// eventually polls a condition until it holds or patience ends.
func eventually(t tester, what string, check func() error) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) || t.Context().Err() != nil {
			t.Fatalf("%s: not after %s: %v", what, patience, err)
		}
	}
}

// tryUserNamespace starts a program in a new user namespace, as another user.
func tryUserNamespace(user *syscall.Credential) error {
	result := make(chan error)
	go func() {
		// Only this thread becomes the other user. It is never unlocked, and so
		// ends with the goroutine.
		runtime.LockOSThread()
		result <- func() error {
			id := uintptr(user.Uid)
			if _, _, errno := syscall.RawSyscall(syscall.SYS_SETRESUID, id, id, id); errno != 0 {
				return errno
			}
			cmd := exec.Command("true")
			cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER}
			return cmd.Run()
		}()
	}()
	return <-result
}

func writeJSON(path string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644)
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}
