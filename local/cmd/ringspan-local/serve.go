package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringspan/ringspan/local/aws/server"
	"github.com/ringspan/ringspan/local/aws/world"
	"github.com/ringspan/ringspan/local/cloud"
)

// serveFlags are the flags of serve.
type serveFlags struct {
	listen, waits, plane, images, account, output string
	strict                                        bool
	lag                                           int
}

func serveCommand(o *options) *cobra.Command {
	f := &serveFlags{}
	cmd := &cobra.Command{
		Use: "serve", Short: "Answer the AWS API on one address, for every region and service", Args: cobra.NoArgs,
		Long: `Serve answers EC2, EKS, IAM, STS, Systems Manager and Service Quotas as AWS does,
for one account in all regions, on one address. Region and service come from each
request's signature. Any AWS client works with it:

  ringspan-local serve --listen 127.0.0.1:4566 &
  export AWS_ENDPOINT_URL=http://127.0.0.1:4566 AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any
  aws ec2 describe-regions --region eu-west-1

Any credentials will do, unless --strict is given: then only those that serve prints
(and those that AssumeRole gives) are taken, and signatures are verified with them.

--waits says how long things take: "real" as on AWS, "none" not at all, "60x" sixty
times as fast. --lag N makes each new resource NotFound for N calls. With --state the
account is kept in a directory over restarts; without, it ends with the process.

--plane none answers the API and nothing behind it: clusters become ACTIVE with an
endpoint that refuses connections. --plane lab makes it real on this machine: VPCs
carry packets as their routes and groups say, EKS clusters have an API server, node
groups have kubelets that run pods of the images in --images as processes. All of it
ends with this process; with --state, what the account has is made again at the next
start.

Below /_cloud/ the cloud itself is driven: clock, faults, throttling, denied actions,
quotas, the calls made (docs/reference/embedded-aws.md).`,
		RunE: func(cmd *cobra.Command, _ []string) error { return serve(cmd.Context(), o.state, f, cmd.OutOrStdout()) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.listen, "listen", "127.0.0.1:4566", "address to listen on; port 0 takes a free one")
	flags.BoolVar(&f.strict, "strict", false, "take only credentials that this cloud gave, and verify signatures")
	flags.StringVar(&f.waits, "waits", "none", "how long things take: real, none, or a factor such as 60x")
	flags.IntVar(&f.lag, "lag", 0, "calls that answer NotFound for a new resource")
	flags.StringVar(&f.plane, "plane", "none", "what is behind the API: none, or lab: networks and clusters on this machine")
	flags.StringVar(&f.images, "images", "", "directory of images for pods; with --plane lab")
	flags.StringVar(&f.account, "account", cloud.DefaultAccount, "the account's number; with --state, of a new account")
	flags.StringVarP(&f.output, "output", "o", "text", "text or json: how the endpoint is printed")
	return cmd
}

func (f *serveFlags) options(state string) (server.Options, error) {
	o := server.Options{Strict: f.strict, Log: func(msg string) { log.Print(msg) }}
	waits, err := world.ParseWaits(f.waits)
	switch {
	case err != nil:
		return o, fmt.Errorf("--%w", err)
	case f.lag < 0:
		return o, errors.New("--lag: must not be negative")
	case f.plane != "none" && f.plane != "lab":
		return o, fmt.Errorf("--plane %q: use none or lab", f.plane)
	case f.output != "text" && f.output != "json":
		return o, fmt.Errorf("--output %q: use text or json", f.output)
	case !regexp.MustCompile(`^\d{12}$`).MatchString(f.account):
		return o, fmt.Errorf("--account %q: an account's number has twelve digits", f.account)
	}
	o.World = world.Options{Account: f.account, Waits: waits, Lag: world.Lag{Calls: f.lag}}
	if state != "" {
		if err := os.MkdirAll(state, 0o700); err != nil {
			return o, err
		}
		o.World.File = filepath.Join(state, "aws.json")
	}
	return o, nil
}

// serve answers until the context ends.
func serve(ctx context.Context, state string, f *serveFlags, out io.Writer) error {
	o, err := f.options(state)
	if err != nil {
		return err
	}
	if f.plane == "lab" {
		return serveLab(ctx, state, f)
	}
	s, err := server.New(o)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", f.listen)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	running := make(chan struct{})
	go func() { defer close(running); s.Run(ctx) }()
	h := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { _ = h.Close() })
	if err := announce(out, f, s, listener.Addr()); err != nil {
		return err
	}
	err = h.Serve(listener)
	stop()
	<-running
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

func announce(out io.Writer, f *serveFlags, s *server.Server, at net.Addr) error {
	e := cloud.Endpoint{Endpoint: "http://" + at.String(), Strict: f.strict}
	e.AccessKeyID, e.SecretAccessKey = s.Credentials()
	return e.Announce(out, f.output)
}

// serveLab answers from within a lab, until the context ends.
func serveLab(ctx context.Context, state string, f *serveFlags) error {
	if state == "" {
		dir, err := os.MkdirTemp("", "ringspan-aws-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		state = dir
	}
	state, err := filepath.Abs(state)
	if err != nil {
		return err
	}
	images := f.images
	if images == "" { // none: pods say so
		images = filepath.Join(state, "images")
	}
	if images, err = filepath.Abs(images); err != nil {
		return err
	}
	if err := os.MkdirAll(images, 0o755); err != nil {
		return err
	}
	return cloud.Run(ctx, cloud.State(state), cloud.Config{Name: "aws", Images: images, AWS: cloud.AWS{
		Listen: f.listen, Strict: f.strict, Waits: f.waits, Lag: f.lag, Account: f.account, Output: f.output,
	}})
}
