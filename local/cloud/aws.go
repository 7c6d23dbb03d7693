package cloud

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/ringspan/ringspan/local/aws/lab"
	"github.com/ringspan/ringspan/local/aws/server"
)

// Endpoint is where and with what the API is called.
type Endpoint struct {
	Endpoint        string `json:"endpoint"`
	AccessKeyID     string `json:"accessKeyId"`
	SecretAccessKey string `json:"secretAccessKey"`
	Strict          bool   `json:"strict"`
}

// Announce prints the endpoint, as text or json, or not at all (none).
func (e Endpoint) Announce(to io.Writer, format string) error {
	switch format {
	case "none":
		return nil
	case "json":
		return json.NewEncoder(to).Encode(e)
	}
	_, err := fmt.Fprintf(to, "%s  AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=%s\n", e.Endpoint, e.AccessKeyID, e.SecretAccessKey)
	return err
}

// api is the AWS API while it runs.
type api struct {
	server   *server.Server
	listener net.Listener
	http     *http.Server
	endpoint Endpoint
	stop     context.CancelFunc
	running  sync.WaitGroup
}

// openAPI makes the account and its networks, and the listener of its API;
// nothing is answered yet.
func (s *supervisor) openAPI(ctx context.Context) error {
	networks, err := lab.New()
	if err != nil {
		return err
	}
	world, err := s.config.AWS.world(s.state.path("aws.json"))
	if err != nil {
		return err
	}
	s.clusters = newClusters(ctx, s, networks)
	s.faults = &faults{networks: networks, translate: s.clusters.translate, clocks: &clocks{
		tracer:   func() *exec.Cmd { return exec.Command(s.init, "clock", "serve") },
		inits:    s.clusters.inits,
		complain: func(region string, err error) { s.events.say("clock", region, "%v", err) },
	}}
	s.api = &api{}
	s.api.server, err = server.New(server.Options{
		World: world, Strict: s.config.AWS.Strict, Networks: networks, Clusters: s.clusters, Images: s.config.Images,
		Log: func(text string) { s.events.say("aws", "", "%s", text) },
	})
	if err != nil {
		return err
	}
	if s.api.listener, err = s.listenAPI(); err != nil {
		return fmt.Errorf("aws.listen: %w", err)
	}
	s.api.endpoint = Endpoint{Endpoint: "http://" + s.api.listener.Addr().String(), Strict: s.config.AWS.Strict}
	s.api.endpoint.AccessKeyID, s.api.endpoint.SecretAccessKey = s.api.server.Credentials()
	return nil
}

// listenAPI opens the last run's port, if none is configured and it is free:
// clients have written it down.
func (s *supervisor) listenAPI() (net.Listener, error) {
	host, port, err := net.SplitHostPort(s.config.AWS.listen())
	if err != nil {
		return nil, err
	}
	if port != "0" {
		return s.hostPorts.listen(s.config.AWS.listen())
	}
	var kept int
	if err := readJSON(s.state.port(), &kept); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	listener, err := s.hostPorts.listenAgain(host, kept)
	if err != nil {
		return nil, err
	}
	return listener, writeJSON(s.state.port(), portOf(listener))
}

// serveAPI answers; what the account had when the lab ran last is made again.
func (s *supervisor) serveAPI(ctx context.Context) {
	a := s.api
	ctx, a.stop = context.WithCancel(ctx)
	a.http = &http.Server{Handler: a.server, ReadHeaderTimeout: 10 * time.Second}
	a.running.Go(func() { a.server.Run(ctx) })
	a.running.Go(func() { _ = a.http.Serve(a.listener) })
	s.events.say("aws", "", "the API answers at %s", a.endpoint.Endpoint)
}

// stopAPI ends the API first, so that nothing new is begun, and then what it
// has made. The data stays.
func (s *supervisor) stopAPI() {
	s.api.stop()
	_ = s.api.http.Close()
	s.api.running.Wait()
	s.clusters.halt()
}
