package cri

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
	utilexec "k8s.io/utils/exec"

	"github.com/ringspan/ringspan/local/node/process"
)

// enter starts a process inside a running container. prepare is called inside
// the container's namespaces, just before the start.
func (c *container) enter(args []string, prepare func(*exec.Cmd) error) (*exec.Cmd, error) {
	pid := c.process()
	if pid == 0 {
		return nil, fmt.Errorf("container %s is not running", c.id)
	}
	cmd := &exec.Cmd{Args: args, Env: c.spec.Env, Dir: c.spec.Dir, SysProcAttr: &syscall.SysProcAttr{Setsid: true}}
	cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(c.spec.UID), Gid: uint32(c.spec.GID), NoSetGroups: len(c.spec.Groups) == 0}
	for _, g := range c.spec.Groups {
		cmd.SysProcAttr.Credential.Groups = append(cmd.SysProcAttr.Credential.Groups, uint32(g))
	}
	result := make(chan error)
	go func() {
		// Never unlocked: this thread belongs to the container from here on,
		// so it must end with the goroutine instead of being reused.
		runtime.LockOSThread()
		result <- func() error {
			if err := joinNamespaces(pid); err != nil {
				return err
			}
			program, err := process.LookPath(args[0], c.spec.Env)
			if err != nil {
				return err
			}
			cmd.Path = program
			if err := process.LimitCapabilities(c.spec.Capabilities); err != nil { // the thread is thrown away, and with it its limits
				return err
			}
			if err := prepare(cmd); err != nil {
				return err
			}
			return cmd.Start()
		}()
	}()
	return cmd, <-result
}

func joinNamespaces(pid int) error {
	// A thread may change its mount namespace only if it shares its root and
	// working directory with no other thread.
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return err
	}
	target, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return err
	}
	defer unix.Close(target)
	return unix.Setns(target, unix.CLONE_NEWNS|unix.CLONE_NEWPID|unix.CLONE_NEWNET|unix.CLONE_NEWUTS|unix.CLONE_NEWIPC)
}

// exitError reports an exit code the way the kubelet and kubectl expect it.
func exitError(err error) error {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return err
	}
	code := exit.ExitCode()
	if ws := exit.Sys().(syscall.WaitStatus); ws.Signaled() {
		code = 128 + int(ws.Signal())
	}
	return utilexec.CodeExitError{Err: fmt.Errorf("command terminated with exit code %d", code), Code: code}
}

// ExecSync serves exec probes and lifecycle hooks.
func (r *Runtime) ExecSync(_ context.Context, id string, args []string, timeout time.Duration) ([]byte, []byte, error) {
	c, err := r.container(id)
	if err != nil {
		return nil, nil, err
	}
	var stdout, stderr bytes.Buffer
	cmd, err := c.enter(args, func(cmd *exec.Cmd) error {
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		cmd.WaitDelay = time.Second // a grandchild that keeps the pipes open must not hold us
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	var timedOut atomic.Bool
	if timeout > 0 {
		timer := time.AfterFunc(timeout, func() {
			timedOut.Store(true)
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		})
		defer timer.Stop()
	}
	err = cmd.Wait()
	if timedOut.Load() {
		return nil, nil, status.Errorf(codes.DeadlineExceeded, "command %q timed out after %s", strings.Join(args, " "), timeout)
	}
	return stdout.Bytes(), stderr.Bytes(), exitError(err)
}

// streamRuntime is what the streaming server calls back.
type streamRuntime struct{ *Runtime }

func (s streamRuntime) Exec(_ context.Context, id string, args []string, in io.Reader, out, errOut io.WriteCloser, tty bool, resize <-chan remotecommand.TerminalSize) error {
	c, err := s.container(id)
	if err != nil {
		return err
	}
	if tty {
		return c.execTTY(args, in, out, resize)
	}
	var stdin io.WriteCloser
	cmd, err := c.enter(args, func(cmd *exec.Cmd) error {
		cmd.Stdout, cmd.Stderr = out, errOut
		if in == nil {
			return nil
		}
		// A pipe of our own: with cmd.Stdin = in, Wait would wait for the
		// client to close its input.
		var err error
		stdin, err = cmd.StdinPipe()
		return err
	})
	if err != nil {
		return err
	}
	if stdin != nil {
		go func() {
			_, _ = io.Copy(stdin, in)
			stdin.Close()
		}()
	}
	return exitError(cmd.Wait())
}

func (c *container) execTTY(args []string, in io.Reader, out io.Writer, resize <-chan remotecommand.TerminalSize) error {
	var terminal, line *os.File
	cmd, err := c.enter(args, func(cmd *exec.Cmd) (err error) {
		if terminal, line, err = openTerminal(); err != nil { // from the container's own /dev/pts
			return err
		}
		cmd.Stdin, cmd.Stdout, cmd.Stderr = line, line, line
		cmd.SysProcAttr.Setctty = true
		return nil
	})
	if err != nil {
		return err
	}
	defer terminal.Close()
	line.Close()
	go func() {
		for size := range resize {
			resizeTerminal(terminal, size.Width, size.Height)
		}
	}()
	var output sync.WaitGroup
	output.Go(func() { _, _ = io.Copy(out, terminal) })
	if in != nil {
		go func() { _, _ = io.Copy(terminal, in) }()
	}
	err = cmd.Wait()
	output.Wait()
	return exitError(err)
}

func ptsPath(number int) string { return "/dev/pts/" + strconv.Itoa(number) }

func (s streamRuntime) Attach(ctx context.Context, id string, in io.Reader, out, errOut io.WriteCloser, _ bool, resize <-chan remotecommand.TerminalSize) error {
	c, err := s.container(id)
	if err != nil {
		return err
	}
	if c.process() == 0 {
		return fmt.Errorf("container %s is not running", id)
	}
	if out != nil {
		c.io.stdout.attach(out)
		defer c.io.stdout.detach(out)
	}
	if errOut != nil {
		c.io.stderr.attach(errOut)
		defer c.io.stderr.detach(errOut)
	}
	if in != nil && c.io.stdin != nil {
		go func() {
			_, _ = io.Copy(c.io.stdin, in)
			if c.config.StdinOnce && !c.config.Tty {
				c.io.stdin.Close()
			}
		}()
	}
	for {
		select {
		case size, ok := <-resize:
			if !ok {
				resize = nil
				continue
			}
			c.io.resize(size.Width, size.Height)
		case <-c.done:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s streamRuntime) PortForward(ctx context.Context, id string, port int32, stream io.ReadWriteCloser) error {
	s.mu.Lock()
	sb := s.sandboxes[id]
	s.mu.Unlock()
	if sb == nil {
		return notFound("sandbox", id)
	}
	conn, err := s.namespaceOf(sb).Dial(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return err
	}
	defer conn.Close()
	defer stream.Close()
	pump(conn, stream)
	return nil
}

// pump copies both ways until the server has said all, and passes on the
// client's end of input. What the client says when nobody listens any more is read
// all the same: left unread, it holds up every other connection of the client.
func pump(server net.Conn, client io.ReadWriter) {
	go func() {
		_, _ = io.Copy(server, client)
		if half, ok := server.(*net.TCPConn); ok {
			_ = half.CloseWrite()
		}
		_, _ = io.Copy(io.Discard, client)
	}()
	_, _ = io.Copy(client, server)
}

func newHTTPServer(handler http.Handler) *http.Server {
	return &http.Server{Handler: handler, ReadHeaderTimeout: 30 * time.Second}
}

// exitCode is the code of a command that ran and ended by itself.
func exitCode(err error) (int, bool) {
	var exit utilexec.CodeExitError
	if errors.As(err, &exit) {
		return exit.Code, true
	}
	return 0, false
}
