package cloud

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/ringspan/ringspan/local/aws/lab"
	"github.com/ringspan/ringspan/local/aws/server"
	"github.com/ringspan/ringspan/local/aws/world"
)

// AWS is the wish for an API of AWS whose resources are real: its VPCs are
// networks of the lab and its EKS clusters run.
type AWS struct {
	Listen  string `json:"listen"` // address of the loopback; port 0 = any
	Strict  bool   `json:"strict,omitempty"`
	Waits   string `json:"waits,omitempty"` // as world.ParseWaits reads them
	Lag     int    `json:"lag,omitempty"`   // calls that answer NotFound for a new resource
	Account string `json:"account,omitempty"`
	Output  string `json:"output,omitempty"` // text or json: how the endpoint is printed
}

// Endpoint is where and with what the API is called.
type Endpoint struct {
	Endpoint        string `json:"endpoint"`
	AccessKeyID     string `json:"accessKeyId"`
	SecretAccessKey string `json:"secretAccessKey"`
	Strict          bool   `json:"strict"`
}

// Announce prints the endpoint, as text or json.
func (e Endpoint) Announce(to io.Writer, format string) error {
	if format == "json" {
		return json.NewEncoder(to).Encode(e)
	}
	_, err := fmt.Fprintf(to, "%s  AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=%s\n", e.Endpoint, e.AccessKeyID, e.SecretAccessKey)
	return err
}

func (a *AWS) validate() (errs []error) {
	if a == nil {
		return nil
	}
	if _, _, err := net.SplitHostPort(a.Listen); err != nil {
		errs = append(errs, fmt.Errorf("aws.listen: %w", err))
	}
	if _, err := world.ParseWaits(a.Waits); err != nil {
		errs = append(errs, fmt.Errorf("aws.%w", err))
	}
	return errs
}

// api is the AWS API while it runs.
type api struct {
	networks *lab.Networks
	server   *server.Server
	http     *http.Server
	stop     context.CancelFunc
	running  sync.WaitGroup
}

// startAPI answers the AWS API, if the configuration wants one. What the account
// had when the lab ran last is made again.
func (s *supervisor) startAPI(ctx context.Context, out io.Writer) error {
	want := s.config.AWS
	if want == nil {
		return nil
	}
	networks, err := lab.New()
	if err != nil {
		return err
	}
	waits, err := world.ParseWaits(want.Waits)
	if err != nil {
		return err
	}
	listener, err := s.doors.listen(want.Listen)
	if err != nil {
		return err
	}
	a := &api{networks: networks}
	ctx, a.stop = context.WithCancel(ctx)
	s.hosted = newClusters(ctx, s, networks, a)
	a.server, err = server.New(server.Options{
		World:  world.Options{Account: want.Account, Waits: waits, Lag: world.Lag{Calls: want.Lag}, File: s.state.path("aws.json")},
		Strict: want.Strict, Networks: networks, Clusters: s.hosted, Images: s.config.Images,
		Log: func(text string) { s.events.say("aws", "", "%s", text) },
	})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	a.http = &http.Server{Handler: a.server, ReadHeaderTimeout: 10 * time.Second}
	a.running.Go(func() { a.server.Run(ctx) })
	a.running.Go(func() { _ = a.http.Serve(listener) })
	s.api = a
	e := Endpoint{Endpoint: "http://" + listener.Addr().String(), Strict: want.Strict}
	e.AccessKeyID, e.SecretAccessKey = a.server.Credentials()
	return e.Announce(out, want.Output)
}

// stopAPI ends the API first, so that nothing new is begun, and then what it
// has made. The data stays.
func (s *supervisor) stopAPI() {
	if s.api == nil {
		return
	}
	s.api.stop()
	_ = s.api.http.Close()
	s.api.running.Wait()
	s.hosted.halt()
}
