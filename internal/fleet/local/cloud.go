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
	"time"

	"github.com/ringspan/ringspan/internal/distribution"
	"github.com/ringspan/ringspan/internal/fleet"
)

// Cloud is the embedded cloud of one fleet.
type Cloud struct {
	State string // directory
	Bin   string // where the programs are
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

// Name of the fleet.
func (c *Cloud) Name() string { return filepath.Base(c.State) }

// Kubeconfig is the file with one context a region.
func (c *Cloud) Kubeconfig() string { return filepath.Join(c.State, "kubeconfig") }

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
	Running bool     `json:"running"`
	Ready   bool     `json:"ready"`
	PID     int      `json:"pid"`
	Message string   `json:"message"`
	Regions []Region `json:"regions"`
	Faults  []Fault  `json:"faults"`

	Endpoint Endpoint `json:"endpoint"` // of the AWS API; empty while nothing answers
}

// Endpoint is where and with what the fleet's account is called.
type Endpoint struct {
	URL             string `json:"endpoint"`
	AccessKeyID     string `json:"accessKeyId"`
	SecretAccessKey string `json:"secretAccessKey"`
}

// Region is one region's cluster.
type Region struct {
	Name  string `json:"name"`
	Ready bool   `json:"ready"`
}

// Fault is one that was injected and not healed yet.
type Fault struct {
	Kind  string    `json:"kind"`
	Args  []string  `json:"args"`
	Since time.Time `json:"since"`
}

// Up starts the cloud, or finds it running, and returns when its API answers and
// what it had runs again.
func (c *Cloud) Up(ctx context.Context, f *fleet.File, d distribution.Distribution, report func(Event)) error {
	settings, err := c.prepare(f, d)
	if err != nil {
		return err
	}
	cmd := c.command(ctx, "start", "--state", c.State, "--config", settings, "-o", "json")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("the embedded cloud's program: %w", err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var e Event
		if json.Unmarshal(lines.Bytes(), &e) == nil {
			report(e)
		}
	}
	if err := cmd.Wait(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("starting the embedded cloud: %s", explanation(stderr.String(), err))
	}
	return lines.Err()
}

// prepare writes the images and the settings of the cloud, and returns the file of the settings.
func (c *Cloud) prepare(f *fleet.File, d distribution.Distribution) (string, error) {
	images := c.Images()
	if err := distribution.WriteImages(images, c.Bin, d); err != nil {
		return "", err
	}
	data, err := json.MarshalIndent(layout(f, images), "", "  ")
	if err != nil {
		return "", err
	}
	settings := filepath.Join(c.State, "lab.json")
	return settings, os.WriteFile(settings, data, 0o600)
}

// Images is the directory that nodes take theirs from.
func (c *Cloud) Images() string { return filepath.Join(c.State, "images") }

// explanation is what a program wrote to standard error, else how it ended.
func explanation(stderr string, err error) string {
	if text := strings.TrimPrefix(strings.TrimSpace(stderr), "Error: "); text != "" {
		return text
	}
	return err.Error()
}

// Status tells about the cloud, running or not.
func (c *Cloud) Status(ctx context.Context) (s Status, err error) {
	if _, err := os.Stat(c.State); errors.Is(err, os.ErrNotExist) {
		return s, nil
	}
	out, err := c.command(ctx, "status", "--state", c.State, "-o", "json").Output()
	if err != nil {
		return s, fmt.Errorf("the embedded cloud's status: %w", err)
	}
	return s, json.Unmarshal(out, &s)
}

// Down stops the cloud; its data stays unless remove is set. A cloud that is
// not there is no error.
func (c *Cloud) Down(ctx context.Context, remove bool) error {
	if _, err := os.Stat(c.State); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err := c.stop(ctx, remove); err != nil {
		return err
	}
	if !remove {
		return nil
	}
	return c.remove()
}

// Discard removes the directory of a fleet of which nothing was made: it has nothing but the
// lock, which the caller holds.
func (c *Cloud) Discard() error {
	entries, err := os.ReadDir(c.State)
	if err != nil || len(entries) != 1 || entries[0].Name() != lockFile {
		return err
	}
	return c.remove()
}

func (c *Cloud) remove() error {
	if err := os.RemoveAll(c.State); err != nil {
		return err
	}
	_ = os.Remove(filepath.Dir(c.State)) // the last fleet's home; others keep it
	return nil
}

// stop ends the cloud; one that never began has no configuration.
func (c *Cloud) stop(ctx context.Context, now bool) error {
	if _, err := os.Stat(filepath.Join(c.State, "config.json")); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	args := []string{"stop", "--state", c.State}
	if now { // what is going to be removed need not be flushed
		args = append(args, "--now")
	}
	if out, err := c.command(ctx, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("stopping the embedded cloud: %s", explanation(string(out), err))
	}
	return nil
}

func (c *Cloud) command(ctx context.Context, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, filepath.Join(c.Bin, "ringspan-local"), args...)
}
