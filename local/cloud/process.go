package cloud

import (
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"github.com/ringspan/ringspan/local/netlab"
)

// service is one process of the lab that is started again when it ends, as an
// init system would, until stop is called.
type service struct {
	name  string
	in    *netlab.Namespace
	log   *os.File
	start func() *exec.Cmd
	say   func(format string, args ...any)

	mu      sync.Mutex
	running *exec.Cmd
	stopped bool
	ended   chan struct{} // closed when it will not be started again
}

// start starts a component of the cluster in a network namespace, with its
// output in logs/CLUSTER-NAME.log.
func (c *cluster) start(in *netlab.Namespace, name string, args ...string) (*service, error) {
	log, err := os.OpenFile(c.s.state.path("logs", c.name+"-"+name+".log"), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	p := &service{
		name: name, in: in, log: log, ended: make(chan struct{}),
		start: func() *exec.Cmd { return exec.Command(c.s.kube, args...) },
		say:   func(format string, args ...any) { c.say("process", format, args...) },
	}
	cmd, err := p.launch()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	go p.keep(cmd)
	return p, nil
}

func (p *service) launch() (*exec.Cmd, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped {
		return nil, os.ErrProcessDone
	}
	cmd := p.start()
	cmd.Stdout, cmd.Stderr = p.log, p.log
	if err := p.in.Start(cmd); err != nil {
		return nil, err
	}
	p.running = cmd
	return cmd, nil
}

func (p *service) keep(cmd *exec.Cmd) {
	defer close(p.ended)
	pause := 250 * time.Millisecond
	for {
		begin := time.Now()
		err := cmd.Wait()
		if time.Since(begin) > time.Minute {
			pause = 250 * time.Millisecond
		}
		for {
			p.mu.Lock()
			stopped := p.stopped
			p.mu.Unlock()
			if stopped {
				return
			}
			p.say("%s ended (%v), see %s; starting it again", p.name, err, p.log.Name())
			time.Sleep(pause)
			pause = min(2*pause, 10*time.Second)
			if cmd, err = p.launch(); err == nil {
				break
			}
		}
	}
}

// kill ends the process without warning; it is started again.
func (p *service) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = p.running.Process.Kill()
}

// stop ends the process for good: orderly, and after the grace period by force.
func (p *service) stop(grace time.Duration) {
	p.mu.Lock()
	p.stopped = true
	process := p.running.Process
	p.mu.Unlock()
	_ = process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(grace):
		_ = process.Kill()
		<-p.ended
	}
}
