package cloud

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Client talks to the lab of a state directory.
type Client struct {
	state State
	http  *http.Client
}

// NewClient makes a client; the lab need not run.
func NewClient(state State) *Client {
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dialUnix(ctx, state.socket()) },
	}
	return &Client{state: state, http: &http.Client{Transport: transport}}
}

// callTimeout limits a request to the lab that it answers at once.
const callTimeout = 30 * time.Second

func (c *Client) call(ctx context.Context, method, path string, body, out any) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return c.send(ctx, method, path, body, out)
}

// send has no bound of its own.
func (c *Client) send(ctx context.Context, method, path string, body, out any) error {
	var in io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return err
		}
		in = bytes.NewReader(data)
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://lab"+path, in)
	if err != nil {
		return err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		var failure struct{ Error string }
		_ = json.NewDecoder(response.Body).Decode(&failure)
		return errors.New(failure.Error)
	}
	return json.NewDecoder(response.Body).Decode(out)
}

// Status tells about the lab, running or not.
func (c *Client) Status(ctx context.Context) (Status, error) {
	pid := c.state.owner()
	if pid == 0 {
		return Status{Message: "not running"}, nil
	}
	var s Status
	if err := c.call(ctx, http.MethodGet, "/status", nil, &s); err != nil {
		return Status{Running: true, PID: pid, Message: "starting"}, nil //nolint:nilerr // the socket comes soon after the lock
	}
	s.PID = pid
	return s, nil
}

// Fault injects a fault. It returns when that is in force or, if it happens
// once, has happened: for roll-addresses that takes minutes.
func (c *Client) Fault(ctx context.Context, kind string, args []string) error {
	return c.fault(ctx, "/fault", kind, args)
}

// Heal ends the faults of a kind; an empty kind means all.
func (c *Client) Heal(ctx context.Context, kind string, args []string) error {
	return c.fault(ctx, "/heal", kind, args)
}

func (c *Client) fault(ctx context.Context, path, kind string, args []string) error {
	if c.state.owner() == 0 {
		return fmt.Errorf("no lab runs in %s", c.state)
	}
	var none struct{}
	return c.send(ctx, http.MethodPost, path, faultRequest{kind, args}, &none) // the lab bounds it
}

// Start makes sure that the lab runs with the given configuration and returns
// when its API answers and all that its account had runs again. A start during another's joins it. report
// gets every event, the earlier ones too.
func (c *Client) Start(ctx context.Context, config Config, report func(Event)) error {
	if err := errors.Join(uncovered("the state directory", string(c.state)), uncovered("the directory of images", config.Images)); err != nil {
		return err
	}
	if c.state.owner() != 0 {
		if err := c.sameWish(config); err != nil {
			return err
		}
	}
	var ended <-chan error // nil while the lab is another's
	next, tick := 0, time.NewTicker(50*time.Millisecond)
	defer tick.Stop()
	for {
		if ended == nil && c.state.owner() == 0 { // nobody's, or the other's came to an end
			var err error
			if ended, err = c.launch(config); err != nil {
				return err
			}
			next = 0
		}
		if page, ok := c.events(ctx, next); ok {
			next = page.Next
			done, err := c.follow(page, report)
			if err != nil || done && (ended != nil || c.isRunning(ctx)) {
				return err
			}
			if done {
				next = 0 // of whoever comes next
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-ended:
			if c.state.owner() == 0 {
				return c.explain(err)
			}
			if err := c.sameWish(config); err != nil { // another start was faster
				return err
			}
			ended = nil
		case <-tick.C:
		}
	}
}

// events are the newest ones of the lab; what is left of one whose owner was
// killed may answer for a moment, and isn't listened to.
func (c *Client) events(ctx context.Context, from int) (page eventPage, ok bool) {
	err := c.call(ctx, http.MethodGet, fmt.Sprintf("/events?from=%d", from), nil, &page)
	return page, err == nil && page.Owner == c.state.owner()
}

// follow reports events, and tells whether the last of them say that the lab is
// ready, or that it failed: one that was late is ready nevertheless.
func (c *Client) follow(page eventPage, report func(Event)) (done bool, err error) {
	for _, e := range page.Events {
		report(e)
		if e.Done {
			return true, nil
		}
		if e.Error != "" && !page.Ready {
			err = fmt.Errorf("%s %s: %s (logs are in %s)", e.Phase, e.Region, e.Error, c.state.path("logs"))
		}
	}
	return page.Ready, err
}

// joinPause is how long a lab that has just been killed may still seem to run.
const joinPause = 100 * time.Millisecond

// isRunning tells whether a lab that another process has started is still there after
// a moment.
func (c *Client) isRunning(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(joinPause):
	}
	var s Status
	return c.state.owner() != 0 && c.call(ctx, http.MethodGet, "/status", nil, &s) == nil
}

// sameWish refuses what a running lab doesn't serve.
func (c *Client) sameWish(config Config) error {
	var running Config
	if err := readJSON(c.state.config(), &running); err != nil {
		return err
	}
	if d := running.unlike(config); d != "" {
		return fmt.Errorf("the lab in %s runs with another configuration: %s; stop it, and start it again", c.state, d)
	}
	return nil
}

// launch starts the lab in the background, in a session of its own.
func (c *Client) launch(config Config) (<-chan error, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(c.state.path("logs"), 0o700); err != nil {
		return nil, err
	}
	log, err := os.OpenFile(c.state.Log(), os.O_CREATE|os.O_WRONLY|os.O_TRUNC|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	config.AWS.Output = "none" // what it prints is a log, which must not contain a secret
	wish, err := json.Marshal(config)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, "run", "--state", string(c.state), "--config", "/dev/stdin")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(wish), log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	return ended, nil
}

// explain returns the last output of a lab that ended before it was ready.
func (c *Client) explain(err error) error {
	data, _ := os.ReadFile(c.state.Log())
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	return fmt.Errorf("the lab ended (%w): %s", err, strings.Join(lines[max(0, len(lines)-5):], "\n"))
}

// Stop ends the lab and returns when nothing of it runs any more: in order, so
// that databases flush, or at once, when its data is not wanted any more. A lab
// that doesn't run is no error.
func (c *Client) Stop(ctx context.Context, atOnce bool) error {
	pid := c.state.owner()
	if pid == 0 {
		return nil
	}
	var none struct{}
	if atOnce {
		_ = syscall.Kill(pid, syscall.SIGKILL) // the kernel ends the rest
	} else if err := c.call(ctx, http.MethodPost, "/stop", nil, &none); err != nil {
		_ = syscall.Kill(pid, syscall.SIGTERM)
	}
	grace := time.NewTimer(stopGrace + 30*time.Second)
	defer grace.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for c.state.owner() != 0 {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-grace.C:
			_ = syscall.Kill(pid, syscall.SIGKILL)
		case <-tick.C:
		}
	}
	return nil
}
