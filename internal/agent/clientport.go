package agent

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ringspan/ringspan/internal/cassandra"
	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// clientPort is what the agent knows of its JVM's port for clients. It lives as
// long as the JVM: the one doesn't outlive the other.
type clientPort struct {
	held   bool // the JVM was told to start with it closed
	opened bool // it has been seen open
}

// startsClosed tells whether Cassandra leaves the port closed when it has started.
func startsClosed(in cassandra.Input, node cassandra.Node) bool {
	if node.NativeTransport != nil {
		return !*node.NativeTransport
	}
	return fmt.Sprint(in.CassandraYAML["start_native_transport"]) == "false"
}

// portState says what the port has been through, and takes note of whether the
// JVM with the process id has it open now.
func (a *Agent) portState(pid int, open bool) mgmtapi.PortState {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.jvm == nil || a.jvm.cmd.Process.Pid != pid { // another one was started meanwhile
		return mgmtapi.PortUnknown
	}
	a.port.opened = a.port.opened || open
	switch {
	case open:
		return mgmtapi.PortOpen
	case a.port.opened:
		return mgmtapi.PortClosed
	case a.port.held:
		return mgmtapi.PortHeld
	}
	return mgmtapi.PortOpening
}

// errNotSetUp is a node that is NORMAL already and can't open its port yet.
var errNotSetUp = errors.New("Cassandra is still starting")

// setUpPatience is how long opening waits for the end of Cassandra's start.
const setUpPatience = 10 * time.Second

// openNative opens the port for clients. Cassandra is NORMAL some moments before
// its daemon is set up, and until then refuses in words that sound like a fault:
// that is waited for here.
func (a *Agent) openNative(ctx context.Context) error {
	for end := time.Now().Add(a.patience); ; {
		err := exec(ctx, a.jmx, storageService, "startNativeTransport()", nil)
		if err == nil {
			a.mu.Lock()
			a.port.opened = true
			a.mu.Unlock()
			return nil
		}
		if !strings.Contains(err.Error(), "setup() must be called first") { // JMX has nothing but the words
			return err
		}
		if time.Now().After(end) {
			return errNotSetUp
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// closeNative closes the port for clients.
func (a *Agent) closeNative(ctx context.Context) error {
	return exec(ctx, a.jmx, storageService, "stopNativeTransport()", nil) // there are two of that name
}
