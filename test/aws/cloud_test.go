package aws

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/fleet"
	"github.com/ringspan/ringspan/internal/fleet/aws"
	"github.com/ringspan/ringspan/internal/fleet/provision"
)

// program is ringspan-local, built once for all tests.
var program string

func TestMain(m *testing.M) { os.Exit(main(m)) }

func main(m *testing.M) int {
	dir, err := os.MkdirTemp("", "ringspan-aws-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "ringspan-local")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, "./cmd/ringspan-local")
	build.Dir = "../../local"
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building ringspan-local: %v\n%s", err, out)
		return 1
	}
	// Nothing of the machine's own account may be used by mistake.
	for key, value := range map[string]string{"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": filepath.Join(dir, "none"), "AWS_SHARED_CREDENTIALS_FILE": filepath.Join(dir, "none"), "AWS_PROFILE": ""} {
		os.Setenv(key, value)
	}
	return m.Run()
}

// embedded is one account in memory, behind an HTTP endpoint.
type embedded struct {
	t   testing.TB
	url string
	// The account's own key, which drives the cloud.
	keyID, secret string
	kill          func() // as kill -9 does; returns when it is dead
}

// serve starts an account that ends with the test.
func serve(t testing.TB, flags ...string) *embedded {
	t.Helper()
	cmd := exec.Command(program, append([]string{"serve", "--listen", "127.0.0.1:0", "-o", "json"}, flags...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, said, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd.Stdout = said
	err = cmd.Start()
	_ = said.Close()
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { _ = cmd.Wait(); close(done) }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			_ = cmd.Process.Kill()
			<-done
		}
	})
	var hello struct{ Endpoint, AccessKeyID, SecretAccessKey string }
	if err := json.NewDecoder(out).Decode(&hello); err != nil || hello.Endpoint == "" {
		t.Fatalf("the endpoint did not say where it is: %v\n%s", err, &stderr)
	}
	return &embedded{t, hello.Endpoint, hello.AccessKeyID, hello.SecretAccessKey, func() { _ = cmd.Process.Kill(); <-done }}
}

// drive makes a call below /_cloud/.
func (e *embedded) drive(method, name string, in any, out any) {
	e.t.Helper()
	var body io.Reader
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			e.t.Fatal(err)
		}
		body = bytes.NewReader(data)
	}
	r, err := http.NewRequest(method, e.url+"/_cloud/"+name, body)
	if err != nil {
		e.t.Fatal(err)
	}
	r.SetBasicAuth(e.keyID, e.secret)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		e.t.Fatal(err)
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		e.t.Fatalf("%s %s: %s %s %v", method, name, answer.Status, data, err)
	}
	if out != nil {
		if err := json.Unmarshal(data, out); err != nil {
			e.t.Fatalf("%s: %v: %s", name, err, data)
		}
	}
}

// left lists what the account holds beside what every account has from AWS.
func (e *embedded) left() (all []string) {
	e.t.Helper()
	var resources map[string][]string
	e.drive(http.MethodGet, "resources", nil, &resources)
	for region, names := range resources {
		for _, n := range names {
			if !strings.HasPrefix(n, "dopt-") && !strings.Contains(n, "AWSServiceRole") {
				all = append(all, region+" "+n)
			}
		}
	}
	slices.Sort(all)
	return all
}

// quick looks again at once, but leaves the processor to others. Nothing here
// takes time by itself, so that 300 looks, 15 s, are the end of any budget.
func quick(ctx context.Context, attempt int, _ bool) error {
	if attempt == 300 {
		return context.DeadlineExceeded
	}
	timer := time.NewTimer(min(time.Millisecond<<min(attempt, 6), 50*time.Millisecond))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// open is a client of the account.
func (e *embedded) open(ctx context.Context, transport http.RoundTripper) (*aws.Cloud, error) {
	return aws.Open(ctx, aws.Options{Region: "us-east-1", Endpoint: e.url, HTTP: transport, Pause: quick, Backoff: 20 * time.Millisecond})
}

func (e *embedded) cloud() *aws.Cloud {
	e.t.Helper()
	c, err := e.open(e.t.Context(), nil)
	if err != nil {
		e.t.Fatal(err)
	}
	return c
}

const twoRegions = `apiVersion: fleet.ringspan.io/v1alpha1
kind: Fleet
metadata: {name: pair}
spec:
  provider: aws
  regions:
    - {name: eu-west-1, cidr: 172.21.0.0/16, zones: [{}, {}], nodes: {count: 2}}
    - {name: eu-central-1, zones: [{}, {}], nodes: {count: 2}}
`

const article = `apiVersion: fleet.ringspan.io/v1alpha1
kind: Fleet
metadata: {name: article}
spec:
  provider: aws
  jumpHost: {region: us-east-2, cidr: 172.20.0.0/16}
  regions:
    - {name: eu-west-1, cidr: 172.21.0.0/16}
    - {name: eu-central-1, cidr: 172.22.0.0/16}
`

func spec(t testing.TB, text string) (string, fleetv1.FleetSpec) {
	t.Helper()
	f, err := fleet.Parse("f.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return f.Fleet.Name, f.Fleet.Spec
}

func request(t testing.TB, text string, networkOnly bool) provision.Request {
	t.Helper()
	name, s := spec(t, text)
	return provision.Request{Fleet: name, Spec: s, NetworkOnly: networkOnly}
}

// up brings a request about, or ends the test.
func up(t testing.TB, c *aws.Cloud, w provision.Request) *provision.Round {
	t.Helper()
	d, err := provision.Up(t.Context(), c, w, time.Now(), provision.Watch{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func down(t testing.TB, c *aws.Cloud, w provision.Request) {
	t.Helper()
	if _, err := provision.Down(t.Context(), c, w.Fleet, &w.Spec, time.Now(), provision.Watch{}); err != nil {
		t.Fatal(err)
	}
}
