package aws

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ringspan/ringspan/internal/fleet/aws"
)

// census counts the requests of a client that differ in what they ask for.
type census struct {
	mu       sync.Mutex
	distinct map[string]bool
}

func (c *census) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body.Close()
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	_, scope, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=") // key/day/region/service/aws4_request
	parts := strings.Split(scope, "/")
	c.mu.Lock()
	c.distinct[strings.Join([]string{parts[2], parts[3], r.Method, r.URL.RequestURI(), r.Header.Get("X-Amz-Target"), string(body)}, " ")] = true
	c.mu.Unlock()
	return http.DefaultTransport.RoundTrip(r)
}

// callCount is a line of the drive's calls.
type callCount struct {
	Service, Action, Region  string
	Count, Errors, Throttled int
}

// journey brings a fleet with everything that there is up, changes it in some
// places, and takes it down again.
func journey(t *testing.T, e *embedded, c *aws.Cloud, networkOnly bool) {
	t.Helper()
	before := e.left()
	w := request(t, article, networkOnly)
	w.Spec.Admins = []string{"arn:aws:iam::123456789012:user/ada"}
	up(t, c, w)
	once(t, c, w)
	w.Spec.Expires = "2099-01-31"
	w.Spec.Regions[0].Nodes.Count++
	w.Spec.Regions[0].APIEndpoint.AllowedCIDRs = []string{"198.51.100.0/24"}
	up(t, c, w)
	once(t, c, w)
	clean(t, e, c, w, before, "after the journey")
}

// Every call that a whole up and down make is refused at its first attempt, with
// its service's own throttling error.
func TestEveryCallIsThrottledFirst(t *testing.T) {
	for name, networkOnly := range map[string]bool{"network": true, "clusters": false} {
		t.Run(name, func(t *testing.T) {
			e := serve(t)
			e.drive(http.MethodPut, "throttle", []map[string]any{{"first": true}}, nil)
			counted := &census{distinct: map[string]bool{}}
			c, err := e.open(t.Context(), counted)
			if err != nil {
				t.Fatal(err)
			}
			journey(t, e, c, networkOnly)
			var calls []callCount
			e.drive(http.MethodGet, "calls", nil, &calls)
			throttled, total := map[string]int{}, 0
			for _, k := range calls {
				throttled[k.Service+":"+k.Action] += k.Throttled
				total += k.Throttled
			}
			if total != len(counted.distinct) {
				t.Errorf("%d requests differ, and %d were throttled", len(counted.distinct), total)
			}
			var names []string
			for call := range c.Calls.ByCall() {
				names = append(names, call.String())
				if throttled[call.String()] == 0 {
					t.Errorf("%s was never throttled", call)
				}
			}
			slices.Sort(names)
			t.Logf("%d of %d attempts throttled, of %d actions: %s", total, c.Calls.Total(), len(names), strings.Join(names, " "))
		})
	}
}

// Everything new is NotFound for the first calls that name it, and lists leave it
// out; EKS and EC2 see new roles and profiles late.
func TestEverythingNewIsNotFoundFirst(t *testing.T) {
	for name, throttle := range map[string][]map[string]any{"lag": {}, "lag, and every call throttled first": {{"first": true}}} {
		t.Run(name, func(t *testing.T) {
			e := serve(t)
			e.drive(http.MethodPut, "lag", map[string]any{"calls": 3, "iam": "1500ms"}, nil)
			e.drive(http.MethodPut, "throttle", throttle, nil)
			journey(t, e, e.cloud(), false)
			var calls []callCount
			e.drive(http.MethodGet, "calls", nil, &calls)
			refused := map[string]bool{}
			for _, k := range calls {
				if k.Errors > k.Throttled {
					refused[k.Service+":"+k.Action] = true
				}
			}
			for _, action := range []string{"ec2:AcceptVpcPeeringConnection", "ec2:AssociateRouteTable", "ec2:ModifySubnetAttribute", "eks:AssociateAccessPolicy", "eks:DescribeNodegroup", "eks:DescribeAddon", "eks:DescribeUpdate", "iam:AttachRolePolicy", "iam:AddRoleToInstanceProfile"} {
				if !refused[action] {
					t.Errorf("%s met nothing that isn't there yet", action)
				}
			}
			t.Logf("refused at first: %v", refused)
		})
	}
}
