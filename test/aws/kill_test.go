package aws

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ringspan/ringspan/internal/fleet/aws"
	"github.com/ringspan/ringspan/internal/fleet/infra"
	"github.com/ringspan/ringspan/internal/fleet/provision"
)

// killer lets so many calls that change something through, and then nothing any
// more, as if the process had been killed: the call itself still reaches AWS.
type killer struct {
	left   atomic.Int64
	cancel context.CancelFunc
	dead   atomic.Bool
}

var errKilled = errors.New("killed")

func (k *killer) RoundTrip(r *http.Request) (*http.Response, error) {
	if k.dead.Load() {
		return nil, errKilled
	}
	last := false
	if changes(r) {
		switch n := k.left.Add(-1); {
		case n < 0:
			return nil, errKilled
		case n == 0:
			last = true
		}
	}
	answer, err := http.DefaultTransport.RoundTrip(r.WithContext(context.WithoutCancel(r.Context())))
	if last { // AWS has done it, and nobody hears the answer
		k.dead.Store(true)
		k.cancel()
		if answer != nil {
			answer.Body.Close()
		}
		return nil, errKilled
	}
	return answer, err
}

// changes tells calls that change something from those that look: being killed
// between two looks is being killed after the change before them.
func changes(r *http.Request) bool {
	if r.GetBody == nil {
		return r.Method != http.MethodGet
	}
	body, err := r.GetBody()
	if err != nil {
		return true
	}
	defer body.Close()
	text := make([]byte, 512)
	n, _ := body.Read(text)
	for _, look := range []string{"Action=Describe", "Action=List", "Action=Get"} {
		if strings.Contains(string(text[:n]), look) {
			return false
		}
	}
	return r.Method != http.MethodGet
}

// killed runs something with a client that dies after k changes. It returns
// false when the end came first.
func killed(t *testing.T, e *embedded, k int64, do func(context.Context, *aws.Cloud) error) bool {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	killer := &killer{cancel: cancel}
	killer.left.Store(k)
	c, err := e.open(ctx, killer)
	if err == nil {
		err = do(ctx, c)
	}
	if !killer.dead.Load() {
		if err != nil {
			t.Fatalf("not killed, and yet: %v", err)
		}
		return false
	}
	return true
}

// stride is how many points apart are tried, all when RINGSPAN_EVERY_CALL is set.
func stride(few int64) int64 {
	if os.Getenv("RINGSPAN_EVERY_CALL") != "" {
		return 1
	}
	return few
}

// once fails when a logical id is there twice.
func once(t *testing.T, c *aws.Cloud, w provision.Request) {
	t.Helper()
	d, err := provision.Plan(t.Context(), c, w)
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Plan.Steps) > 0 || len(d.Plan.Refused) > 0 {
		t.Errorf("not converged: %v\n%s", d.Plan.Refused, d.Plan.Text())
	}
	seen := map[string]int{}
	for _, f := range d.Seen.Found {
		if f.State != infra.Gone && !(f.Kind == infra.Link && f.State == infra.Failed) { // AWS lists dead ones for a while
			seen[f.ID]++
		}
	}
	for id, n := range seen {
		if n > 1 {
			t.Errorf("%s is there %d times", id, n)
		}
	}
}

// Killed after the k-th change of an up, for every k, and run again: all is there
// once. Killed after the k-th change of a down, and run again: nothing is left.
func TestKilledInTheNetwork(t *testing.T) { killEverywhere(t, twoRegions, true, 1) }

// The same with clusters, nodes, add-ons and roles; every k when
// RINGSPAN_EVERY_CALL is set (make test-every-call), else some.
func TestKilledInTheClusters(t *testing.T) { killEverywhere(t, twoRegions, false, stride(11)) }

func killEverywhere(t *testing.T, text string, networkOnly bool, step int64) {
	e := serve(t)
	before := e.left()
	w := request(t, text, networkOnly)
	ups, downs := 0, 0
	for k := int64(1); !t.Failed(); k += step {
		dead := killed(t, e, k, func(ctx context.Context, c *aws.Cloud) error {
			_, err := provision.Up(ctx, c, w, time.Now(), provision.Watch{})
			return err
		})
		if !dead {
			break
		}
		ups++
		c := e.cloud()
		up(t, c, w)
		once(t, c, w)
		e.drive(http.MethodPost, "reset", nil, nil)
	}
	for k := int64(1); !t.Failed(); k += step {
		e.drive(http.MethodPost, "reset", nil, nil)
		up(t, e.cloud(), w)
		dead := killed(t, e, k, func(ctx context.Context, c *aws.Cloud) error {
			_, err := provision.Down(ctx, c, w.Fleet, &w.Spec, time.Now(), provision.Watch{})
			return err
		})
		if !dead {
			break
		}
		downs++
		clean(t, e, e.cloud(), w, before, fmt.Sprintf("down killed after %d changes", k))
	}
	t.Logf("%d points of up and %d of down, %d apart, all converged", ups, downs, step)
}

// A down right after a killed up finds everything that the up has made.
func TestDownAfterAKilledUp(t *testing.T) {
	e := serve(t)
	before := e.left()
	w := request(t, twoRegions, false)
	points := 0
	for k := int64(1); !t.Failed(); k += stride(17) {
		points++
		dead := killed(t, e, k, func(ctx context.Context, c *aws.Cloud) error {
			_, err := provision.Up(ctx, c, w, time.Now(), provision.Watch{})
			return err
		})
		clean(t, e, e.cloud(), w, before, fmt.Sprintf("down after an up that was killed after %d changes", k))
		if !dead {
			break
		}
		e.drive(http.MethodPost, "reset", nil, nil)
	}
	t.Logf("%d points, %d apart, nothing left", points, stride(17))
}

// Two people run up at the same moment. Both may make a network before either
// sees the other's: the next run names the double and uses one of the two, and
// with --prune it is taken away. Nothing else is there twice.
func TestTwoUpsAtOnce(t *testing.T) {
	for _, lag := range []string{"0", "2"} {
		t.Run("lag "+lag, func(t *testing.T) {
			e := serve(t, "--lag", lag)
			before := e.left()
			w := request(t, twoRegions, false)
			var group errgroup.Group
			for range 2 {
				c := e.cloud()
				group.Go(func() error {
					_, err := provision.Up(t.Context(), c, w, time.Now(), provision.Watch{})
					return err
				})
			}
			// One of them may be told that the other was faster.
			if err := group.Wait(); err != nil {
				t.Logf("one of the two ended with: %v", err)
			}
			c := e.cloud()
			pruneDoubles(t, c, w, up(t, c, w))
			once(t, c, w)
			clean(t, e, c, w, before, "two at once")
		})
	}
}

// pruneDoubles runs up with --prune for the networks of which a plan says that they
// are there twice, after a look that it has named each, and would delete no others.
func pruneDoubles(t *testing.T, c *aws.Cloud, w provision.Request, kept *provision.Round) {
	t.Helper()
	w.Prune = infra.PruneAll()
	d, err := provision.Plan(t.Context(), c, w)
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Plan.Removals) != len(kept.Plan.Trouble) {
		t.Errorf("without --prune: %v\nwith it these go: %v", kept.Plan.Trouble, d.Plan.Removals)
	}
	for i, trouble := range kept.Plan.Trouble {
		if !strings.Contains(trouble, "it is there twice") {
			t.Errorf("trouble %d: %s", i, trouble)
		}
	}
	w.Prune = infra.PruneOnly(d.Plan.Removals)
	up(t, c, w)
}

func clean(t *testing.T, e *embedded, c *aws.Cloud, w provision.Request, before []string, when string) {
	t.Helper()
	down(t, c, w)
	if left := e.left(); !slices.Equal(left, before) {
		t.Errorf("%s: left is %v", when, left)
	}
}
