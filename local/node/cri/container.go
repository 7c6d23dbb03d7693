package cri

import (
	"cmp"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/ringspan/ringspan/local/node/process"
)

// container is one process tree: PID 1 of its own PID namespace. That is what
// replaces the cgroup: when PID 1 ends, the kernel kills all its descendants.
type container struct {
	id      string
	sandbox *sandbox
	config  *runtimeapi.ContainerConfig
	spec    process.Spec
	logPath string
	image   string // what its reference stood for when it was made
	created time.Time
	log     *containerLog
	io      *stdio
	done    chan struct{} // closed when the process has ended

	mu                sync.Mutex
	state             runtimeapi.ContainerState
	pid               int
	started, finished time.Time
	exitCode          int
	reason, message   string
}

// CreateContainer checks everything that can be known before the start.
func (r *Runtime) CreateContainer(_ context.Context, sandboxID string, config *runtimeapi.ContainerConfig) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	sb := r.sandboxes[sandboxID]
	if sb == nil {
		return "", notFound("sandbox", sandboxID)
	}
	img, err := r.images.load(config.Image.Image)
	if err != nil {
		return "", err
	}
	c := &container{
		id: newID(), sandbox: sb, config: config, created: time.Now(), done: make(chan struct{}),
		logPath: filepath.Join(sb.config.LogDirectory, config.LogPath),
		state:   runtimeapi.ContainerState_CONTAINER_CREATED,
	}
	c.log, c.image = &containerLog{path: c.logPath}, cmp.Or(img.ID, config.Image.Image)
	if c.spec, err = r.buildSpec(c, img); err != nil {
		return "", err
	}
	r.containers[c.id] = c
	return c.id, nil
}

// StartContainer returns when the container's program has been executed, or
// with the reason why it could not be.
func (r *Runtime) StartContainer(_ context.Context, id string) error {
	c, err := r.container(id)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.spec.Root, 0o755); err != nil {
		return err
	}
	specFile := filepath.Join(c.spec.Root, "spec.json")
	if err := writeJSON(specFile, c.spec); err != nil {
		return err
	}
	if err := c.log.reopen(); err != nil {
		return err
	}
	report, statusEnd, err := os.Pipe()
	if err != nil {
		return err
	}
	defer report.Close()
	cmd := exec.Command(r.config.InitBinary, "container", specFile)
	cmd.ExtraFiles = []*os.File{statusEnd} // descriptor 3
	cmd.Env = []string{}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC,
		Setsid:     true,
		Pdeathsig:  syscall.SIGKILL,
	}
	if c.io, err = newStdio(c.config, c.log, cmd); err != nil {
		statusEnd.Close()
		return err
	}
	started := make(chan error)
	go r.supervise(c, cmd, started)
	err = <-started
	statusEnd.Close()
	c.io.started()
	if err != nil {
		c.log.close()
		return err
	}
	if failure, _ := io.ReadAll(report); len(failure) > 0 {
		<-c.done
		c.failed(string(failure))
		return status.Errorf(codes.Unknown, "container %s: %s", c.config.GetMetadata().GetName(), failure)
	}
	return nil
}

// failed tells a start that failed from a program that ended, as containerd does.
func (c *container) failed(why string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.exitCode, c.reason, c.message = 128, "StartError", why
}

// supervise starts the process and waits for it on one operating system
// thread, because PDEATHSIG would fire at the end of the forking thread.
func (r *Runtime) supervise(c *container, cmd *exec.Cmd, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	c.mu.Lock()
	err := r.namespaceOf(c.sandbox).Start(cmd)
	if err == nil {
		c.state, c.pid, c.started = runtimeapi.ContainerState_CONTAINER_RUNNING, cmd.Process.Pid, time.Now()
	}
	c.mu.Unlock()
	started <- err
	if err != nil {
		return
	}
	_ = cmd.Wait() // the exit code is in ProcessState
	c.io.close()
	c.log.close()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state, c.finished = runtimeapi.ContainerState_CONTAINER_EXITED, time.Now()
	c.exitCode, c.reason = cmd.ProcessState.ExitCode(), "Completed"
	if ws, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		c.exitCode = 128 + int(ws.Signal())
	}
	if c.exitCode != 0 {
		c.reason = "Error"
	}
	close(c.done)
}

// process is the id of the running container's first process; 0 when it does not run.
func (c *container) process() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != runtimeapi.ContainerState_CONTAINER_RUNNING {
		return 0
	}
	return c.pid
}

// stop asks the process to end and kills it after the grace period.
func (c *container) stop(grace time.Duration) {
	pid := c.process()
	if pid == 0 {
		return
	}
	if grace > 0 {
		_ = syscall.Kill(pid, syscall.SIGTERM)
		select {
		case <-c.done:
			return
		case <-time.After(grace):
		}
	}
	_ = syscall.Kill(pid, syscall.SIGKILL)
	<-c.done
}

func (r *Runtime) container(id string) (*container, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := r.containers[id]; c != nil {
		return c, nil
	}
	return nil, notFound("container", id)
}

// StopContainer ends a container; a missing one is no error.
func (r *Runtime) StopContainer(_ context.Context, id string, grace time.Duration) {
	if c, err := r.container(id); err == nil {
		c.stop(grace)
	}
}

// RemoveContainer ends and forgets a container; a missing one is no error.
func (r *Runtime) RemoveContainer(_ context.Context, id string) {
	c, err := r.container(id)
	if err != nil {
		return
	}
	c.stop(0)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget(c)
}

func (r *Runtime) forget(c *container) {
	delete(r.containers, c.id)
	_ = os.RemoveAll(c.spec.Root)
	_ = os.Remove(c.logPath)
}

// ListContainers answers from memory.
func (r *Runtime) ListContainers(f *runtimeapi.ContainerFilter) (list []*runtimeapi.Container) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.containers {
		s := c.status()
		if f.GetId() != "" && f.GetId() != c.id || f.GetPodSandboxId() != "" && f.GetPodSandboxId() != c.sandbox.id ||
			f.GetState() != nil && f.GetState().State != s.State || !matches(f.GetLabelSelector(), c.config.Labels) {
			continue
		}
		list = append(list, &runtimeapi.Container{
			Id: c.id, PodSandboxId: c.sandbox.id, Metadata: c.config.Metadata, Image: c.config.Image, ImageRef: s.ImageRef,
			ImageId: s.ImageRef, State: s.State, CreatedAt: s.CreatedAt, Labels: c.config.Labels, Annotations: c.config.Annotations,
		})
	}
	return list
}

// ContainerStatus tells the state of one container.
func (r *Runtime) ContainerStatus(id string) (*runtimeapi.ContainerStatusResponse, error) {
	c, err := r.container(id)
	if err != nil {
		return nil, err
	}
	return &runtimeapi.ContainerStatusResponse{Status: c.status(), Info: map[string]string{"pid": strconv.Itoa(c.process())}}, nil
}

func (c *container) status() *runtimeapi.ContainerStatus {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := &runtimeapi.ContainerStatus{
		Id: c.id, Metadata: c.config.Metadata, State: c.state, CreatedAt: c.created.UnixNano(), ExitCode: int32(c.exitCode),
		Image: c.config.Image, ImageRef: c.image, ImageId: c.image, Reason: c.reason, Message: c.message,
		Labels: c.config.Labels, Annotations: c.config.Annotations, Mounts: c.config.Mounts, LogPath: c.logPath,
	}
	if !c.started.IsZero() {
		s.StartedAt = c.started.UnixNano()
	}
	if !c.finished.IsZero() {
		s.FinishedAt = c.finished.UnixNano()
	}
	return s
}

func notFound(kind, id string) error {
	return status.Errorf(codes.NotFound, "%s %s not found", kind, id)
}
