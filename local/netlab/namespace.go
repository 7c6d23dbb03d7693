package netlab

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
)

// Namespace is a named network namespace (bind-mounted on /run/netns, which
// must be a private tmpfs of the caller).
type Namespace struct {
	name   string
	handle netns.NsHandle
	nl     *netlink.Handle
}

// NewNamespace makes a network namespace with its loopback up.
func NewNamespace(name string) (*Namespace, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	home, err := netns.Get()
	if err != nil {
		return nil, err
	}
	defer home.Close()
	if _, err := netns.NewNamed(name); err != nil { // also moves this thread into it
		return nil, fmt.Errorf("namespace %s: %w", name, err)
	}
	if err := netns.Set(home); err != nil {
		panic(err) // this thread is in the wrong namespace: nothing sound can follow
	}
	return OpenNamespace(name)
}

// OpenNamespace finds a namespace that was made before, by its name.
func OpenNamespace(name string) (*Namespace, error) {
	handle, err := netns.GetFromName(name)
	if err != nil {
		return nil, err
	}
	nl, err := netlink.NewHandleAt(handle)
	if err != nil {
		return nil, err
	}
	n := &Namespace{name: name, handle: handle, nl: nl}
	lo, err := nl.LinkByName("lo")
	if err != nil {
		return nil, err
	}
	return n, nl.LinkSetUp(lo)
}

// Close ends the namespace once its last process has ended.
func (n *Namespace) Close() {
	n.nl.Close()
	n.handle.Close()
	_ = netns.DeleteNamed(n.name)
}

// Do runs fn on an operating system thread that is inside the namespace.
func (n *Namespace) Do(fn func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	home, err := netns.Get()
	if err != nil {
		return err
	}
	defer home.Close()
	if err := netns.Set(n.handle); err != nil {
		return err
	}
	defer func() {
		if err := netns.Set(home); err != nil {
			panic(err)
		}
	}()
	return fn()
}

// Start starts a process inside the namespace (a child inherits the network
// namespace of the thread that forks it).
func (n *Namespace) Start(cmd *exec.Cmd) error { return n.Do(cmd.Start) }

// Dial opens a connection from inside the namespace. The address must be an IP
// literal: then the socket is made on this thread, without a resolver.
func (n *Namespace) Dial(ctx context.Context, network, address string) (conn net.Conn, err error) {
	err = n.Do(func() error {
		conn, err = (&net.Dialer{}).DialContext(ctx, network, address)
		return err
	})
	return conn, err
}

// Forward lets the namespace forward packets between its links.
func (n *Namespace) Forward() error {
	return n.Do(func() error {
		for _, key := range []string{"ip_forward", "conf/all/rp_filter", "conf/default/rp_filter"} {
			value := "0"
			if key == "ip_forward" {
				value = "1"
			}
			if err := os.WriteFile("/proc/sys/net/ipv4/"+key, []byte(value), 0o644); err != nil {
				return err
			}
		}
		return nil
	})
}

// Name is what the namespace was made with.
func (n *Namespace) Name() string { return n.name }

// Listen opens a listening socket inside the namespace.
func (n *Namespace) Listen(network, address string) (l net.Listener, err error) {
	err = n.Do(func() error {
		l, err = (&net.ListenConfig{}).Listen(context.Background(), network, address)
		return err
	})
	return l, err
}

// RemoveLink deletes a link of the namespace; a missing one is no error.
func (n *Namespace) RemoveLink(name string) error {
	link, err := n.nl.LinkByName(name)
	if err != nil {
		return nil //nolint:nilerr // not found: nothing to delete
	}
	return n.nl.LinkDel(link)
}
