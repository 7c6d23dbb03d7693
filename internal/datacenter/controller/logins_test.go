package controller

import (
	"context"
	"errors"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// loginNode is a node that is asked about a login, and for the roles.
type loginNode struct {
	mgmtapi.Node

	works    bool
	err      error
	verified int
	known    []mgmtapi.Role
	away     error
	dropped  int
}

func (n *loginNode) DropRole(context.Context, string) error {
	n.dropped++
	return nil
}

func (n *loginNode) VerifyRole(context.Context, string, string) (bool, error) {
	n.verified++
	return n.works, n.err
}

func (n *loginNode) RolesEverywhere(context.Context) ([]mgmtapi.Role, error) { return n.known, n.away }

// A login that works isn't tried in each pass, one that fails is tried again soon, and what a node can't say isn't known.
func TestALoginIsTriedNowAndThen(t *testing.T) {
	now, node := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), &loginNode{works: true}
	r := &Reconciler{Now: func() time.Time { return now }, Node: func(*corev1.Pod) mgmtapi.Node { return node }}
	m := &memory{}
	try := func(version string, after time.Duration, want, asked int) {
		t.Helper()
		now = now.Add(after)
		s := loginState(now, version)
		r.observeLogin(t.Context(), s, m)
		got := -1
		if s.Login != nil {
			got = map[bool]int{true: 1, false: 0}[s.Login.Works]
		}
		if got != want || node.verified != asked {
			t.Errorf("version %s: works is %d after %d tries, want %d after %d", version, got, node.verified, want, asked)
		}
	}
	try("1", 0, 1, 1)
	try("1", time.Minute, 1, 1)
	try("2", 0, 1, 2) // another Secret
	node.works = false
	try("2", loginWorksFor, 0, 3)
	try("2", loginFailsFor-time.Second, 0, 3)
	try("2", time.Second, 0, 4)
	node.err = errors.New("no quorum")
	try("2", loginFailsFor, -1, 5)
	try("2", -time.Hour, -1, 6) // the clock was set back
}

func loginState(now time.Time, version string) *datacenter.State {
	dc := &api.CassandraDatacenter{ObjectMeta: metav1.ObjectMeta{Name: "dc1"}}
	dc.Spec.Config = []byte(`{"cassandra-yaml": {"authenticator": "PasswordAuthenticator"}}`)
	dc.Status.Conditions = []api.DatacenterCondition{{Type: api.DatacenterInitialized, Status: corev1.ConditionTrue}}
	return &datacenter.State{Now: now, DC: dc, Ringview: []mgmtapi.Endpoint{{}}, Superuser: &datacenter.Credentials{Secret: "admin", Username: "admin", Password: "p", Version: version},
		Pods: []datacenter.Pod{{Name: "pod", Status: mgmtapi.Status{State: mgmtapi.Running}}}}
}

// A role that somebody has made is never put on record as the operator's own, and neither is one that may have been made in a
// datacenter that is away.
func TestOnlyRolesThatDontExistAreClaimed(t *testing.T) {
	for why, test := range map[string]struct {
		node  loginNode
		claim bool
	}{
		"it is known nowhere":     {loginNode{}, true},
		"somebody has made it":    {loginNode{known: []mgmtapi.Role{{Name: "admin"}}}, false},
		"a datacenter is away":    {loginNode{away: errors.New("Cannot achieve consistency level EACH_QUORUM")}, false},
		"another one is of Bob's": {loginNode{known: []mgmtapi.Role{{Name: "bob"}}}, true},
	} {
		t.Run(why, func(t *testing.T) {
			r := &Reconciler{Now: time.Now, Node: func(*corev1.Pod) mgmtapi.Node { return &test.node }}
			owned := r.owned(t.Context(), loginState(time.Now(), "1"), `{"admin":["admin"]}`)
			if (owned == `{"admin":["admin"]}`) != test.claim {
				t.Errorf("on record is %q", owned)
			}
		})
	}
}

// A former role goes only while the new one is seen to work: what was seen minutes ago may have changed since.
func TestAFormerRoleStaysWhileTheNewOneFails(t *testing.T) {
	for why, node := range map[string]*loginNode{
		"the new one works":                {works: true},
		"the new one doesn't any more":     {},
		"no node can tell":                 {works: true, err: errors.New("no quorum")},
		"an agent of a former version has": {err: mgmtapi.ErrNotFound},
	} {
		t.Run(why, func(t *testing.T) {
			r := &Reconciler{Now: time.Now, Node: func(*corev1.Pod) mgmtapi.Node { return node }}
			err := r.dropRole(t.Context(), loginState(time.Now(), "1"), datacenter.Step{})
			if works := node.works && node.err == nil; works != (node.dropped == 1) || works != (err == nil) {
				t.Errorf("dropped %d times, %v", node.dropped, err)
			}
		})
	}
}
