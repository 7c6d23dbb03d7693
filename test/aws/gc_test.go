package aws

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/ringspan/ringspan/internal/cli"
	"github.com/ringspan/ringspan/internal/fleet/aws"
	"github.com/ringspan/ringspan/internal/fleet/provision"
)

// command runs ringspan as a person does, against the account.
func command(t *testing.T, ctx context.Context, endpoint string, args ...string) (code int, out, news string) {
	t.Helper()
	t.Setenv("RINGSPAN_HOME", t.TempDir())
	var stdout, stderr bytes.Buffer
	code = cli.Run(ctx, append(args, "--endpoint", endpoint), strings.NewReader(""), &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

// named is a fleet of two regions and a jump host; date "" means for ever.
func named(t *testing.T, name, date string, networkOnly bool) provision.Request {
	t.Helper()
	w := request(t, strings.Replace(twoRegions, "name: pair", "name: "+name, 1), networkOnly)
	w.Spec.Expires = date
	return w
}

// state is all of the account that a test compares: ids, and tags with their values.
func (e *embedded) state() []string {
	all := e.left()
	there := slices.Clone(all)
	for _, region := range []string{"eu-west-1", "eu-central-1"} {
		tags, err := e.ec2(region).DescribeTags(e.t.Context(), &ec2.DescribeTagsInput{})
		if err != nil {
			e.t.Fatal(err)
		}
		for _, d := range tags.Tags {
			if !slices.Contains(there, region+" "+*d.ResourceId) {
				continue // it has ended, and is listed for a while
			}
			all = append(all, fmt.Sprintf("%s %s: %s=%s", region, *d.ResourceId, *d.Key, awssdk.ToString(d.Value)))
		}
	}
	slices.Sort(all)
	return all
}

// apart are the lines that only one of two states has.
func apart(a, b []string) (all []string) {
	for _, line := range a {
		if !slices.Contains(b, line) {
			all = append(all, "gone: "+line)
		}
	}
	for _, line := range b {
		if !slices.Contains(a, line) {
			all = append(all, "new: "+line)
		}
	}
	return all
}

// Of three fleets gc lists the one whose time is past, and deletes that one only.
func TestGCTakesWhatIsPastAndNothingElse(t *testing.T) {
	e := serve(t)
	e.drive(http.MethodPut, "quotas", map[string]any{"code": "L-0263D0A3", "value": 20}, nil)
	c := e.cloud()
	later, ever, past := named(t, "later", "2099-01-31", true), named(t, "ever", "", false), named(t, "past", "2026-01-31", false)
	up(t, c, later)
	up(t, c, ever)
	kept := e.state()
	up(t, c, past)
	all := e.state()

	code, out, news := command(t, t.Context(), e.url, "gc")
	if code != 0 || !strings.Contains(out, "past   2        ") || !strings.Contains(out, "2026-01-31 (past)") || strings.Contains(out, "later") || strings.Contains(out, "ever ") || !strings.Contains(out, "2 fleets whose time isn't past") {
		t.Errorf("gc ended with %d and said\n%s%s", code, out, news)
	}
	list := func(args ...string) (names []string) {
		code, out, news := command(t, t.Context(), e.url, append([]string{"gc", "-o", "json"}, args...)...)
		var fleets []struct {
			Name, Expires string
			Past          bool
		}
		if err := json.Unmarshal([]byte(out), &fleets); err != nil || code != 0 {
			t.Fatalf("%d %v\n%s%s", code, err, out, news)
		}
		for _, f := range fleets {
			names = append(names, fmt.Sprintf("%s %s %v", f.Name, f.Expires, f.Past))
		}
		return names
	}
	if got := list(); !slices.Equal(got, []string{"past 2026-01-31 true"}) {
		t.Errorf("gc -o json lists %v", got)
	}
	if got := list("--all"); !slices.Equal(got, []string{"ever  false", "later 2099-01-31 false", "past 2026-01-31 true"}) {
		t.Errorf("gc --all -o json lists %v", got)
	}
	if now := e.state(); !slices.Equal(now, all) {
		t.Errorf("gc without --delete has changed something")
	}
	if code, out, _ := command(t, t.Context(), e.url, "gc", "--delete", "--fleet", "later"); code != 0 || !slices.Equal(e.state(), all) {
		t.Errorf("gc --delete of a fleet whose time isn't past: %d\n%s", code, out)
	}
	if code, out, news := command(t, t.Context(), e.url, "gc", "--delete"); code != 0 || !strings.Contains(news, "Fleet past is down") {
		t.Errorf("gc --delete ended with %d and said\n%s%s", code, out, news)
	}
	if now := e.state(); !slices.Equal(now, kept) {
		t.Errorf("it is otherwise than it was: %v", apart(kept, now))
	}
	once(t, c, later)
	once(t, c, ever)
	if got := list(); len(got) > 0 {
		t.Errorf("afterwards gc lists %v", got)
	}
}

// dying passes calls on until the k-th that changes something. That one still
// reaches AWS, and then the process that makes them is gone.
type dying struct {
	mu   sync.Mutex
	left int
	end  context.CancelFunc
	to   http.Handler
}

func (d *dying) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	looks := r.Method == http.MethodGet || bytes.Contains(body, []byte("Action=Describe")) || bytes.Contains(body, []byte("Action=List")) || bytes.Contains(body, []byte("Action=Get"))
	d.mu.Lock()
	if !looks {
		d.left--
	}
	dead, last := d.left < 0 || looks && d.left <= 0, d.left == 0 && !looks
	d.mu.Unlock()
	if dead {
		panic(http.ErrAbortHandler)
	}
	if last {
		d.to.ServeHTTP(httptest.NewRecorder(), r.WithContext(context.WithoutCancel(r.Context())))
		d.end()
		panic(http.ErrAbortHandler)
	}
	d.to.ServeHTTP(w, r)
}

// interrupted runs a command that ends after k changes; false when it ended by
// itself before.
func interrupted(t *testing.T, e *embedded, k int, args ...string) (bool, string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	to, err := url.Parse(e.url)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.ErrorLog = log.New(io.Discard, "", 0)
	d := &dying{left: k, end: cancel, to: proxy}
	s := httptest.NewServer(d)
	defer s.Close()
	code, out, news := command(t, ctx, s.URL, args...)
	if ctx.Err() == nil {
		if code != 0 {
			t.Fatalf("%v wasn't interrupted, and ended with %d:\n%s%s", args, code, out, news)
		}
		return false, news
	}
	if code != 130 {
		t.Errorf("%v was interrupted, and ended with %d:\n%s%s", args, code, out, news)
	}
	return true, news
}

// Ended in the middle and run again, gc finishes what it has begun: until the last
// moment it finds the fleet.
func TestGCEndedInTheMiddleGoesOn(t *testing.T) {
	e := serve(t)
	c, before := e.cloud(), e.left()
	points := 0
	for k := 1; !t.Failed(); k += int(stride(13)) {
		up(t, c, named(t, "past", "2026-01-31", false))
		dead, news := interrupted(t, e, k, "gc", "--delete")
		if dead && !strings.Contains(news, "run gc again") {
			t.Errorf("gc doesn't say what to do next:\n%s", news)
		}
		if code, out, news := command(t, t.Context(), e.url, "gc", "--delete"); code != 0 {
			t.Errorf("after %d changes: %d\n%s%s", k, code, out, news)
		}
		if left := e.left(); !slices.Equal(left, before) {
			t.Errorf("after %d changes left is %v", k, left)
		}
		if !dead {
			break
		}
		points++
	}
	t.Logf("%d points", points)
}

// A fleet that others hold is named, and holds no other fleet.
func TestGCGoesOnPastAFleetThatIsHeld(t *testing.T) {
	e := serve(t)
	e.drive(http.MethodPut, "quotas", map[string]any{"code": "L-0263D0A3", "value": 20}, nil)
	c := e.cloud()
	vpc := up(t, c, named(t, "held", "2026-01-31", true)).Seen.Physical("eu-west-1/vpc")
	group, err := e.ec2("eu-west-1").CreateSecurityGroup(t.Context(), &ec2.CreateSecurityGroupInput{GroupName: awssdk.String("foreign"), Description: awssdk.String("foreign"), VpcId: &vpc})
	id := *must(t, group, err).GroupId
	kept := e.state()
	up(t, c, named(t, "other", "2026-02-28", true))
	code, out, news := command(t, t.Context(), e.url, "gc", "--delete")
	if code != 1 || !strings.Contains(news, "fleet held: ") || !strings.Contains(news, id) || !strings.Contains(news, "eu-west-1") || strings.Contains(news, "fleet other: ") {
		t.Errorf("gc ended with %d and said\n%s%s", code, out, news)
	}
	if now := e.state(); !slices.Equal(now, kept) {
		t.Errorf("it is otherwise than it was: %v", apart(kept, now))
	}
	_, err = e.ec2("eu-west-1").DeleteSecurityGroup(t.Context(), &ec2.DeleteSecurityGroupInput{GroupId: &id})
	must(t, 0, err)
	if code, out, news := command(t, t.Context(), e.url, "gc", "--delete"); code != 0 || len(e.left()) > 0 {
		t.Errorf("gc ended with %d and said\n%s%s\nleft is %v", code, out, news, e.left())
	}
}

// What the file says now counts: a date that was taken out of it, or moved, is
// no longer that of the fleet.
func TestGCGoesByTheFileOfToday(t *testing.T) {
	e := serve(t)
	c := e.cloud()
	past := func() bool {
		all, err := c.Fleets(t.Context())
		if err != nil || len(all) != 1 {
			t.Fatalf("%v %+v", err, all)
		}
		return all[0].Expires == "2026-01-31"
	}
	w := named(t, "pair", "2026-01-31", false)
	up(t, c, w)
	if !past() {
		t.Error("its time is past, and it isn't found")
	}
	w.Spec.Expires = ""
	d, err := provision.Plan(t.Context(), c, w)
	if err != nil || !strings.Contains(d.Plan.Text(), "tag:ringspan.io/expires is 2026-01-31, wanted is nothing") {
		t.Errorf("%v: the plan doesn't take the date away:\n%s", err, d.Plan.Text())
	}
	killed(t, e, 1, func(ctx context.Context, c *aws.Cloud) error { // one network at most has lost its date
		_, err := provision.Up(ctx, c, w, time.Now(), provision.Watch{})
		return err
	})
	up(t, c, w)
	once(t, c, w)
	if past() {
		t.Error("the file has no date any longer, and gc goes by the old one")
	}
	w.Spec.Expires = "2026-01-31"
	up(t, c, w)
	w.Spec.Expires = "2026-01-31T12:00:00Z"
	killed(t, e, 1, func(ctx context.Context, c *aws.Cloud) error {
		_, err := provision.Up(ctx, c, w, time.Now(), provision.Watch{})
		return err
	})
	up(t, c, w)
	once(t, c, w)
}

// Fleets that have nothing in EC2, because they live in networks of others, are
// found by their roles and clusters; what they added there goes without the file.
func TestGCOfAFleetInNetworksOfOthers(t *testing.T) {
	e := serve(t)
	c, vpc := e.cloud(), given(t, e, false)
	kept, were := e.left(), ways(t, e, vpc)
	for _, text := range []string{
		strings.Replace(fmt.Sprintf(adopting, "vpc: "+vpc), ", {name: eu-central-1}", "", 1),
		fmt.Sprintf(adopting, "vpc: "+vpc),
	} {
		w := request(t, text, false)
		w.Spec.Expires = "2099-01-31"
		up(t, c, w)
		w.Spec.Expires = "2026-01-31"
		up(t, c, w)
		code, out, news := command(t, t.Context(), e.url, "gc", "--delete")
		if code != 0 || !strings.Contains(out, "ours ") {
			t.Errorf("gc ended with %d and said\n%s%s", code, out, news)
		}
		if left := e.left(); !slices.Equal(left, kept) {
			t.Errorf("left is %v", left)
		}
		if now := ways(t, e, vpc); !slices.Equal(now, were) {
			t.Errorf("the network was\n%s\nand is\n%s", strings.Join(were, "\n"), strings.Join(now, "\n"))
		}
	}
}
