package server

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/ringspan/ringspan/local/aws/ec2"
	"github.com/ringspan/ringspan/local/aws/eks"
	"github.com/ringspan/ringspan/local/aws/iam"
	"github.com/ringspan/ringspan/local/aws/plane"
	"github.com/ringspan/ringspan/local/aws/wire"
	"github.com/ringspan/ringspan/local/aws/world"
)

const maxBody = 10 << 20 // bytes

// Options are a Server's settings.
type Options struct {
	World    world.Options
	Strict   bool             // take only credentials that this cloud gave
	Networks plane.Networks   // nil moves no packets
	Clusters plane.Clusters   // nil runs no clusters
	Images   string           // directory that nodes take their images from; "" without nodes
	Log      func(msg string) // of errors behind the API; nil discards them
}

// Server is one account of AWS, in all regions.
type Server struct {
	world  *world.World
	ec2    *ec2.Service
	iam    *iam.Service
	eks    *eks.Service
	keeper *eks.Keeper // nil without clusters
	strict bool
	images string
	routes map[string]service
	root   iam.Key
	now    func() time.Time // of signatures: the machine's, whatever the world's
	plane  *applier
}

// New makes a server and reads its state file, if there is one.
func New(o Options) (*Server, error) {
	w := world.New(o.World)
	s := &Server{world: w, ec2: ec2.New(w), iam: iam.New(w), strict: o.Strict, images: o.Images, now: time.Now}
	s.ec2.Profile = s.iam.Profile
	s.eks = eks.New(w, s.ec2, s.iam)
	for _, service := range []world.Service{s.iam, s.ec2, s.eks} {
		w.Add(service)
	}
	s.routes = s.services()
	s.plane = newApplier(s, o)
	if o.Clusters != nil {
		s.keeper = eks.NewKeeper(s.eks, o.Clusters, s.plane.log)
		w.OnChange(s.keeper.Wake)
	}
	w.OnChange(s.plane.changed)
	if err := errors.Join(w.Load(), s.checkRegions()); err != nil {
		w.Release()
		return nil, err
	}
	return s, w.Do(func() bool { s.root = s.iam.RootKey(); return true })
}

// Credentials are the account's own.
func (s *Server) Credentials() (accessKey, secret string) { return s.root.ID, s.root.Secret }

// Run carries out what is due, also when no calls come, and passes changes to the plane, until
// the context ends. Then it releases the state file, and another server may use it.
func (s *Server) Run(ctx context.Context) {
	defer s.world.Release()
	var keeping sync.WaitGroup
	defer keeping.Wait()
	s.plane.apply(ctx) // machines are placed in the networks
	if s.keeper != nil {
		keeping.Go(func() { s.keeper.Run(ctx) })
	}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := s.world.Settle(); err != nil {
				s.plane.log("keeping the state: " + err.Error())
			}
			s.plane.applyAgain(ctx)
		case <-s.plane.wake:
			s.plane.apply(ctx)
		}
	}
}

// ServeHTTP answers a call, or the drive's.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if isDrive(r) {
		s.drive(w, r)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "the request is larger than 10 MiB or ended early", http.StatusRequestEntityTooLarge)
		return
	}
	s.answer(r.Context(), w, &wire.Request{HTTP: r, Body: body, ID: s.world.IDs.UUID()})
}

// exchange is one call on its way.
type exchange struct {
	service service
	request *wire.Request
	name    world.CallName
	caller  iam.Key
	call    wire.Call
	dry     bool
}

func (s *Server) answer(ctx context.Context, w http.ResponseWriter, r *wire.Request) {
	x, err := s.identify(r)
	if err != nil {
		s.refuse(w, x, err)
		return
	}
	verdict := s.world.Admit(x.name, x.print())
	if verdict.Fault.Drop == "before" {
		drop(w)
		return
	}
	if err := x.refusal(verdict); err != nil {
		s.refuse(w, x, err)
		return
	}
	answer := &recorded{header: http.Header{}}
	err = s.run(ctx, x, answer)
	switch {
	case verdict.Fault.Drop == "after":
		drop(w)
	case err != nil:
		s.refuse(w, x, err)
	default:
		answer.copyTo(w)
	}
}

// run makes the call and renders its answer while the world stands still.
func (s *Server) run(ctx context.Context, x *exchange, answer *recorded) error {
	if x.dry {
		return wire.Errorf("DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
	}
	var failed error
	kept := s.world.Do(func() bool {
		out, err := s.call(ctx, x)
		if err != nil {
			failed = err
			return false
		}
		x.service.protocol.Encode(answer, x.request, x.name.Action, out)
		return mutates(x.name.Action)
	})
	if failed == nil && kept == nil && mutates(x.name.Action) {
		s.plane.wait(ctx)
	}
	return errors.Join(failed, kept)
}

func (s *Server) refuse(w http.ResponseWriter, x *exchange, err error) {
	s.world.Failed(x.name)
	x.service.protocol.EncodeError(w, x.request, wire.AsError(err))
}

// drop ends the connection without an answer.
func drop(http.ResponseWriter) { panic(http.ErrAbortHandler) }

// recorded is an answer that isn't sent yet.
type recorded struct {
	header http.Header
	status int
	body   []byte
}

func (r *recorded) Header() http.Header    { return r.header }
func (r *recorded) WriteHeader(status int) { r.status = status }
func (r *recorded) Write(b []byte) (int, error) {
	r.body = append(r.body, b...)
	return len(b), nil
}

func (r *recorded) copyTo(w http.ResponseWriter) {
	for name, values := range r.header {
		w.Header()[name] = values
	}
	w.WriteHeader(r.status)
	_, _ = w.Write(r.body) // a client that went away learns nothing
}
