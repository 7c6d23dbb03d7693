package cri

import (
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// stdio is a container's standard input and output: the log always gets the
// output, and so does whoever is attached.
type stdio struct {
	stdin    io.WriteCloser // nil unless the pod asks for standard input
	terminal *os.File       // the master side, when the pod asks for a terminal
	line     *os.File       // the container's side of it, until it has started
	stdout   *fanout
	stderr   *fanout
	copying  sync.WaitGroup
}

func newStdio(config *runtimeapi.ContainerConfig, log *containerLog, cmd *exec.Cmd) (*stdio, error) {
	s := &stdio{stdout: &fanout{log: log.stream("stdout")}, stderr: &fanout{log: log.stream("stderr")}}
	if !config.Tty {
		cmd.Stdout, cmd.Stderr = s.stdout, s.stderr
		if !config.Stdin {
			return s, nil
		}
		var err error
		s.stdin, err = cmd.StdinPipe()
		return s, err
	}
	terminal, line, err := openTerminal()
	if err != nil {
		return nil, err
	}
	s.terminal, s.line, s.stdin = terminal, line, terminal
	cmd.Stdin, cmd.Stdout, cmd.Stderr = line, line, line
	cmd.SysProcAttr.Setctty = true
	s.copying.Go(func() { _, _ = io.Copy(s.stdout, terminal) })
	return s, nil
}

// started gives up this process's copy of what the container now holds.
func (s *stdio) started() {
	if s.line != nil {
		s.line.Close()
	}
}

// close is called after the container's end.
func (s *stdio) close() {
	s.copying.Wait()
	if s.terminal != nil {
		s.terminal.Close()
	}
	s.stdout.close()
	s.stderr.close()
}

func (s *stdio) resize(width, height uint16) {
	if s.terminal != nil {
		resizeTerminal(s.terminal, width, height)
	}
}

// fanout copies what is written to the log and to every attached client. A
// client that fails is dropped; the container never notices.
type fanout struct {
	log io.Writer

	mu      sync.Mutex
	clients map[io.Writer]bool
	closed  bool
}

func (f *fanout) Write(p []byte) (int, error) {
	f.mu.Lock()
	for client := range f.clients {
		if _, err := client.Write(p); err != nil {
			delete(f.clients, client)
		}
	}
	f.mu.Unlock()
	return f.log.Write(p)
}

func (f *fanout) attach(client io.Writer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed || client == nil {
		return
	}
	if f.clients == nil {
		f.clients = map[io.Writer]bool{}
	}
	f.clients[client] = true
}

func (f *fanout) detach(client io.Writer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.clients, client)
}

func (f *fanout) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed, f.clients = true, nil
}

// openTerminal makes a pseudo-terminal from the /dev/pts that the calling
// thread sees.
func openTerminal() (terminal, line *os.File, err error) {
	if terminal, err = os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0); err != nil {
		return nil, nil, err
	}
	var number int
	err = control(terminal, func(fd int) (err error) {
		if number, err = unix.IoctlGetInt(fd, unix.TIOCGPTN); err != nil {
			return err
		}
		return unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	})
	if err == nil {
		line, err = os.OpenFile(ptsPath(number), os.O_RDWR|syscall.O_NOCTTY, 0)
	}
	if err != nil {
		terminal.Close()
	}
	return terminal, line, err
}

// resizeTerminal does nothing to a terminal that is closed.
func resizeTerminal(terminal *os.File, width, height uint16) {
	_ = control(terminal, func(fd int) error {
		return unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: height, Col: width})
	})
}

// control calls fn with the file's descriptor, while others may read, write or
// close the file (for which File.Fd is not made).
func control(file *os.File, fn func(fd int) error) error {
	raw, err := file.SyscallConn()
	if err != nil {
		return err
	}
	if controlErr := raw.Control(func(fd uintptr) { err = fn(int(fd)) }); controlErr != nil {
		return controlErr
	}
	return err
}
