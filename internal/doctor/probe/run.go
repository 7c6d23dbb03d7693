package probe

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// How long things may take. The kernel sends a lost SYN again after one second
// and three.
const (
	connectLimit = 3500 * time.Millisecond
	attempts     = 2 // before no answer counts as one
	refusedAgain = 50 * time.Millisecond
	patience     = 5 * time.Second
	nameLimit    = 5 * time.Second
	parallel     = 64
)

// Runner measures. The zero value uses the system's clock and resolver.
type Runner struct {
	Now      func() time.Time
	Resolver *net.Resolver
}

// Run does what a task asks for, all at once, and returns when everything has
// answered or was given up: within 30 s.
func (r Runner) Run(ctx context.Context, task Task) Result {
	if r.Now == nil {
		r.Now = time.Now
	}
	if r.Resolver == nil {
		r.Resolver = &net.Resolver{PreferGo: true}
	}
	result := Result{Self: task.Self, Targets: make([]TargetSeen, len(task.Targets)), Names: make([]NameSeen, len(task.Names))}
	slots := make(chan struct{}, parallel)
	var group sync.WaitGroup
	for i, t := range task.Targets {
		group.Go(func() { result.Targets[i] = r.target(ctx, t, slots) })
	}
	for i, name := range task.Names {
		group.Go(func() { result.Names[i] = r.name(ctx, name) })
	}
	group.Wait()
	return result
}

// target tries all ports, and then measures the link over the first that is open.
func (r Runner) target(ctx context.Context, t Target, slots chan struct{}) TargetSeen {
	seen := TargetSeen{Name: t.Name, Ports: make([]PortSeen, len(t.Ports))}
	var group sync.WaitGroup
	for i, port := range t.Ports {
		group.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			seen.Ports[i] = tryPort(ctx, t, port)
		})
	}
	group.Wait()
	if t.Kind != Prober {
		return seen
	}
	slots <- struct{}{}
	defer func() { <-slots }()
	var failures []string
	for _, p := range seen.Ports {
		if p.Outcome != Open {
			continue
		}
		link, err := r.link(ctx, t, p.Port)
		if err == nil {
			seen.Link = link
			break
		}
		if failures = append(failures, err.Error()); len(failures) == 2 {
			break
		}
	}
	if seen.Link == nil && failures != nil {
		seen.Link = &Link{Failures: strings.Join(failures, "; ")}
	}
	return seen
}

// tryPort connects. No answer counts only when it repeats; a refusal may be
// that of a target that is still starting.
func tryPort(ctx context.Context, t Target, port int) (seen PortSeen) {
	until := time.Now().Add(patience)
	for silent := 0; ; {
		seen = connect(ctx, t.Host, port)
		switch {
		case seen.Outcome == Silent:
			if silent++; silent == attempts {
				return seen
			}
		case seen.Outcome != Refused || !t.Patient || time.Now().After(until):
			return seen
		}
		select {
		case <-ctx.Done():
			return seen
		case <-time.After(refusedAgain):
		}
	}
}

func connect(ctx context.Context, host string, port int) PortSeen {
	ctx, cancel := context.WithTimeout(ctx, connectLimit)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp4", net.JoinHostPort(host, strconv.Itoa(port)))
	if err == nil {
		_ = conn.Close() // whether it connects is all that is measured
		return PortSeen{Port: port, Outcome: Open}
	}
	return PortSeen{Port: port, Outcome: outcomeOf(err), Detail: err.Error()}
}

func outcomeOf(err error) Outcome {
	var unresolved *net.DNSError
	switch {
	case errors.As(err, &unresolved):
		return Unresolved
	case errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET):
		return Refused
	case errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.ENETUNREACH) || errors.Is(err, syscall.EACCES):
		return Unreachable
	}
	return Silent
}

func (r Runner) name(ctx context.Context, name string) NameSeen {
	ctx, cancel := context.WithTimeout(ctx, nameLimit)
	defer cancel()
	addresses, err := r.Resolver.LookupNetIP(ctx, "ip4", name)
	seen := NameSeen{Name: name}
	if err != nil {
		seen.Error = err.Error()
	}
	for _, a := range addresses {
		seen.Addresses = append(seen.Addresses, a.Unmap())
	}
	return seen
}

// interfaceMTU is that of the interface with an address.
func interfaceMTU(address netip.Addr) (int, error) {
	all, err := net.Interfaces()
	if err != nil {
		return 0, err
	}
	for _, i := range all {
		addresses, err := i.Addrs()
		if err != nil {
			return 0, err
		}
		for _, a := range addresses {
			if prefix, ok := a.(*net.IPNet); ok && prefix.IP.String() == address.String() {
				return i.MTU, nil
			}
		}
	}
	return 0, errors.New("no interface has the address " + address.String())
}
