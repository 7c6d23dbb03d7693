package local

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/ringspan/ringspan/internal/distribution"
	"github.com/ringspan/ringspan/internal/fleet"
)

// Cloud is the embedded cloud of one fleet.
type Cloud struct {
	State string // directory
	Bin   string // where the programs are
}

// Home is the directory of all fleets of a user.
func Home() (string, error) {
	if dir := os.Getenv("RINGSPAN_HOME"); dir != "" {
		return filepath.Abs(dir)
	}
	if dir := os.Getenv("XDG_DATA_HOME"); dir != "" {
		return filepath.Join(dir, "ringspan"), nil
	}
	home, err := os.UserHomeDir()
	return filepath.Join(home, ".local", "share", "ringspan"), err
}

// New is the cloud of the fleet with a name. The programs are expected beside
// this one.
func New(name string) (*Cloud, error) {
	home, err := Home()
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	if self, err = filepath.EvalSymlinks(self); err != nil {
		return nil, err
	}
	return &Cloud{State: filepath.Join(home, name), Bin: filepath.Dir(self)}, nil
}

// Names lists the fleets that have a state on this machine.
func Names() ([]string, error) {
	home, err := Home()
	if err != nil {
		return nil, err
	}
	found, err := filepath.Glob(filepath.Join(home, "*", "config.json"))
	var names []string
	for _, f := range found {
		names = append(names, filepath.Base(filepath.Dir(f)))
	}
	return names, err
}

// Event is one line of the cloud's progress.
type Event struct {
	Seconds float64 `json:"seconds"`
	Phase   string  `json:"phase"`
	Region  string  `json:"region"`
	Message string  `json:"message"`
	Error   string  `json:"error"`
	Done    bool    `json:"done"`
}

// Status is what ringspan-local tells.
type Status struct {
	Running bool   `json:"running"`
	Ready   bool   `json:"ready"`
	PID     int    `json:"pid"`
	Message string `json:"message"`
	Regions []struct {
		Name           string `json:"name"`
		Server         string `json:"server"`
		InternalServer string `json:"internalServer"`
	} `json:"regions"`
	Faults []struct {
		Kind string   `json:"kind"`
		Args []string `json:"args"`
	} `json:"faults"`
}

// Kubeconfig is the file with one context a region.
func (c *Cloud) Kubeconfig() string { return filepath.Join(c.State, "kubeconfig") }

// Lock keeps two `up` or `down` of one fleet from working at the same time. The
// kernel releases it when the process ends, however it ends.
func (c *Cloud) Lock() (unlock func(), err error) {
	if err := os.MkdirAll(c.State, 0o700); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(filepath.Join(c.State, "up.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		var pid int
		_, _ = fmt.Fscan(file, &pid) // only for the message
		file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("another ringspan (process %d) is at work on fleet %s: wait for it, or look with `ringspan status`", pid, filepath.Base(c.State))
		}
		return nil, err
	}
	_ = file.Truncate(0)
	_, err = fmt.Fprintln(file, os.Getpid())
	return func() { file.Close() }, err
}

// Up starts the cloud, or finds it running, and returns when its regions are
// ready.
func (c *Cloud) Up(ctx context.Context, f *fleet.File, d distribution.Distribution, report func(Event)) error {
	images := filepath.Join(c.State, "images")
	if err := distribution.WriteImages(images, c.Bin, d); err != nil {
		return err
	}
	wish := filepath.Join(c.State, "lab.json")
	data, err := json.MarshalIndent(layout(f, images), "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(wish, data, 0o600); err != nil {
		return err
	}
	cmd := c.command(ctx, "start", "--state", c.State, "--config", wish, "-o", "json")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("ringspan-local: %w", err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var e Event
		if json.Unmarshal(lines.Bytes(), &e) == nil {
			report(e)
		}
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("starting the embedded cloud: %s", strings.TrimPrefix(strings.TrimSpace(stderr.String()), "Error: "))
	}
	return nil
}

// Status tells about the cloud, running or not.
func (c *Cloud) Status(ctx context.Context) (s Status, err error) {
	out, err := c.command(ctx, "status", "--state", c.State, "-o", "json").Output()
	if err != nil {
		return s, fmt.Errorf("ringspan-local status: %w", err)
	}
	return s, json.Unmarshal(out, &s)
}

// Down stops the cloud; its data stays unless remove is set. A cloud that is
// not there is no error.
func (c *Cloud) Down(ctx context.Context, remove bool) error {
	if _, err := os.Stat(c.State); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	args := []string{"stop", "--state", c.State}
	if remove { // what is going to be removed need not be flushed
		args = append(args, "--now")
	}
	if out, err := c.command(ctx, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("ringspan-local stop: %w: %s", err, bytes.TrimSpace(out))
	}
	if !remove {
		return nil
	}
	return os.RemoveAll(c.State)
}

func (c *Cloud) command(ctx context.Context, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, filepath.Join(c.Bin, "ringspan-local"), args...)
}
