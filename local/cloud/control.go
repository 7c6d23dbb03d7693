package cloud

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Status is what a lab tells about itself.
type Status struct {
	Running bool   `json:"running"`
	Ready   bool   `json:"ready"`
	PID     int    `json:"pid,omitempty"`
	Message string `json:"message,omitempty"`
	// Endpoint holds the account's secret: the socket is its owner's alone.
	Endpoint *Endpoint      `json:"endpoint,omitempty"`
	Regions  []RegionStatus `json:"regions,omitempty"` // one for each cluster
	Faults   []Fault        `json:"faults,omitempty"`
}

// RegionStatus is that of a cluster in a region.
type RegionStatus struct {
	Name           string       `json:"name"`    // of the region
	Cluster        string       `json:"cluster"` // in the region
	Ready          bool         `json:"ready"`
	Server         string       `json:"server"`         // as the host sees the API server
	InternalServer string       `json:"internalServer"` // as pods of its VPC and of those that are peered with it see it
	Nodes          []NodeStatus `json:"nodes"`
}

// NodeStatus is one Kubernetes node.
type NodeStatus struct {
	Name    string `json:"name"`
	Zone    string `json:"zone"`
	Address string `json:"address"`
	Ready   bool   `json:"ready"`
}

type faultRequest struct {
	Kind string   `json:"kind"`
	Args []string `json:"args"`
}

// serveControl answers on the control socket. Only the lab's owner can reach it.
func (s *supervisor) serveControl(stop func()) (*http.Server, error) {
	listener, err := listenUnix(s.state.socket())
	if err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	if err := os.Chmod(s.state.socket(), 0o600); err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, q *http.Request) { answer(w, s.status(q.Context()), nil) })
	mux.HandleFunc("GET /events", func(w http.ResponseWriter, q *http.Request) {
		from, _ := strconv.Atoi(q.FormValue("from")) // absent: from the beginning
		events, next := s.events.since(from)
		answer(w, eventPage{events, next, s.owner, s.events.isReady()}, nil)
	})
	mux.HandleFunc("POST /stop", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, struct{}{}, nil)
		stop()
	})
	mux.HandleFunc("POST /fault", func(w http.ResponseWriter, q *http.Request) { s.handleFault(w, q, s.inject) })
	mux.HandleFunc("POST /heal", func(w http.ResponseWriter, q *http.Request) {
		s.handleFault(w, q, func(_ context.Context, kind string, args []string) error { return s.faults.heal(kind, args) })
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	return server, nil
}

type eventPage struct {
	Events []Event `json:"events"`
	Next   int     `json:"next"`
	Owner  int     `json:"owner"` // process id of the lab's outermost process
	Ready  bool    `json:"ready"` // even if the event that said so isn't kept any more
}

func (s *supervisor) handleFault(w http.ResponseWriter, q *http.Request, do func(context.Context, string, []string) error) {
	var f faultRequest
	if err := json.NewDecoder(q.Body).Decode(&f); err != nil {
		answer(w, nil, err)
		return
	}
	err := do(q.Context(), f.Kind, f.Args)
	if err == nil {
		s.events.say("fault", "", "%s %s %s", q.URL.Path[1:], f.Kind, strings.Join(f.Args, " "))
	}
	answer(w, struct{}{}, err)
}

// inject adds a lasting fault, or does a thing once.
func (s *supervisor) inject(ctx context.Context, kind string, args []string) error {
	switch kind {
	case "kill-node":
		return s.killNode(args)
	case "roll-addresses":
		return s.rollAddresses(ctx, args)
	case "kill":
		return s.killComponent(args)
	}
	return s.faults.add(kind, args)
}

func (s *supervisor) killNode(args []string) error {
	if len(args) != 1 {
		return errors.New("kill-node takes REGION/NODE")
	}
	region, node, found := strings.Cut(args[0], "/")
	all := s.clusters.list()
	if !found {
		node = args[0]
	}
	for _, c := range all {
		for _, n := range c.runningNodes() {
			if n.name == node && (!found || region == c.name || region == nameOf(c, all)) {
				n.kubelet.kill()
				n.runtime.KillAll()
				return nil
			}
		}
	}
	return fmt.Errorf("kill-node: there is no node %q; `ringspan-local status` lists them", args[0])
}

// killComponent ends one of a cluster's processes without warning.
func (s *supervisor) killComponent(args []string) error {
	if len(args) != 1 {
		return errors.New("kill takes REGION/COMPONENT")
	}
	region, component, _ := strings.Cut(args[0], "/")
	all := s.clusters.list()
	c, err := named(all, region)
	if err != nil {
		return fmt.Errorf("kill: %w", err)
	}
	var known []string
	for _, p := range c.processes() {
		if p.name == component {
			p.kill()
			return nil
		}
		known = append(known, nameOf(c, all)+"/"+p.name)
	}
	return fmt.Errorf("kill takes one of %s", strings.Join(known, ", "))
}

func (s *supervisor) status(ctx context.Context) Status {
	endpoint := s.api.endpoint
	out := Status{Running: true, Ready: s.events.isReady(), Faults: s.faults.list(), PID: s.owner, Endpoint: &endpoint}
	if err := s.events.failure(); err != nil {
		out.Message = err.Error()
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	for _, c := range s.clusters.list() {
		out.Regions = append(out.Regions, c.status(ctx))
	}
	return out
}

func answer(w http.ResponseWriter, v any, err error) {
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		v = map[string]string{"error": err.Error()}
	}
	_ = json.NewEncoder(w).Encode(v) // the client is gone: nobody to tell
}

// listenUnix and dialUnix reach a socket of any path length through a
// descriptor of its directory: the kernel takes at most 108 bytes.
func listenUnix(path string) (net.Listener, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	return net.Listen("unix", shortPath(dir, path))
}

func dialUnix(ctx context.Context, path string) (net.Conn, error) {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	var d net.Dialer
	return d.DialContext(ctx, "unix", shortPath(dir, path))
}

func shortPath(dir *os.File, path string) string {
	return fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), filepath.Base(path))
}
