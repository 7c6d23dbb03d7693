package certificates

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func renewed(t *testing.T, now time.Time, have Set) Set {
	t.Helper()
	changed, err := Renew(now, "ring/dc1", have)
	if err != nil {
		t.Fatal(err)
	}
	all := maps.Clone(have)
	if all == nil {
		all = Set{}
	}
	maps.Copy(all, changed)
	if left := Due(now, all); len(left) > 0 {
		t.Errorf("after making all that is due: %v", left)
	}
	return all
}

func TestWhatIsDue(t *testing.T) {
	whole, other := renewed(t, start, nil), renewed(t, start, nil)
	without := func(kind Kind) Set { s := maps.Clone(whole); delete(s, kind); return s }
	with := func(kind Kind, b Bundle) Set { s := maps.Clone(whole); s[kind] = b; return s }
	foreign := whole[Authority]
	foreign.CA = other[Authority].CA
	broken := whole[Client]
	broken.Key = []byte("x")
	for _, test := range []struct {
		why  string
		now  time.Time
		have Set
		want string
	}{
		{"nothing is there", start, nil, "authority: there is none; client: there is none; server: there is none"},
		{"all is well", start, whole, ""},
		{"a month later", start.Add(59 * 24 * time.Hour), whole, ""},
		{"leaves end", start.Add(61 * 24 * time.Hour), whole, "client: it ends on 2026-04-01; server: it ends on 2026-04-01"},
		{"the authority ends", start.Add(AuthorityLife - AuthorityLeft + time.Hour), whole, "authority: it ends on 2035-12-30; client: it ends on 2026-04-01; server: it ends on 2026-04-01"},
		{"the clock went back", start.Add(-31 * 24 * time.Hour), whole, "authority: it holds from 2025-12-02; client: it holds from 2025-12-02; server: it holds from 2025-12-02"},
		{"somebody deleted a leaf", start, without(Server), "server: there is none"},
		{"somebody deleted the authority", start, without(Authority), "authority: there is none"},
		{"another authority", start, with(Authority, other[Authority]), "client: the authority was made anew; server: the authority was made anew"},
		{"an authority that doesn't trust itself", start, with(Authority, foreign), "authority: its ca.crt doesn't hold its tls.crt; client: the authority was made anew; server: the authority was made anew"},
		{"another ring's server", start, with(Server, other[Server]), "server: the authority was made anew"},
		{"a key that doesn't fit", start, with(Client, broken), "client: it can't be used: tls.crt and tls.key: tls: failed to find any PEM data in key input"},
		{"an empty Secret", start, with(Client, Bundle{}), "client: it can't be used: key ca.crt is missing"},
		{"the client's in the server's place", start, with(Server, whole[Client]), "server: the authority doesn't vouch for it: x509: certificate specifies an incompatible key usage"},
		{"a leaf in the authority's place", start, with(Authority, whole[Client]), "authority: it is no authority"},
	} {
		var all []string
		for _, r := range Due(test.now, test.have) {
			all = append(all, fmt.Sprintf("%s: %s", r.Kind, r.Why))
		}
		if got := strings.Join(all, "; "); !strings.HasPrefix(got, test.want) || test.want == "" && got != "" {
			t.Errorf("%s: %s\nwant %s", test.why, got, test.want)
		}
		renewed(t, test.now, test.have)
	}
}

// Whoever has not heard of a renewal yet still gets on with whoever has: the
// kubelet brings new files to a pod within minutes.
func TestRenewalsLockNobodyOut(t *testing.T) {
	at := []time.Time{start, start.Add(AuthorityLife - AuthorityLeft - 24*time.Hour), start.Add(AuthorityLife - AuthorityLeft + 24*time.Hour)}
	old := renewed(t, at[1], renewed(t, at[0], nil))
	fresh := renewed(t, at[2], old)
	if bytes.Equal(old[Authority].CA, fresh[Authority].CA) || !bytes.Equal(old[Authority].Key, fresh[Authority].Key) {
		t.Fatal("the authority is to be renewed, with its own key")
	}
	for _, client := range []Set{old, fresh} {
		for _, server := range []Set{old, fresh} {
			if err := Fit(at[2], client[Client], server[Server]); err != nil {
				t.Errorf("old client %t, old server %t: %v", bytes.Equal(client[Client].CA, old[Client].CA), bytes.Equal(server[Server].CA, old[Server].CA), err)
			}
		}
	}
}

// A crash between two writes leaves some bundles old: the next look makes the rest.
func TestEveryStepOfARenewalCanBeTheLast(t *testing.T) {
	before := renewed(t, start, nil)
	later := start.Add(AuthorityLife - AuthorityLeft + time.Hour)
	changed, err := Renew(later, "ring/dc1", before)
	if err != nil || len(changed) != 3 {
		t.Fatalf("%d changed, %v", len(changed), err)
	}
	for _, kinds := range [][]Kind{{}, {Authority}, {Authority, Client}, {Authority, Server}} {
		have := maps.Clone(before)
		for _, k := range kinds {
			have[k] = changed[k]
		}
		renewed(t, later, have)
	}
}

// What was found well is due at the same moment as what was never looked at.
func TestWhatIsKnownToBeWellEndsToo(t *testing.T) {
	have := renewed(t, start, nil)
	due := LeafLife - LeafLeft
	for _, after := range []time.Duration{0, time.Minute, due - 30*time.Minute, due - time.Second, due, due + time.Second, due - time.Minute, 0, -backdated, -backdated - time.Second} {
		now := start.Add(after)
		_ = Due(now.Add(-time.Second), have) // is remembered, where it is well
		warm := Due(now, have)
		known.Clear()
		if cold := Due(now, have); !reflect.DeepEqual(warm, cold) {
			t.Errorf("after %v: %v, and never seen before %v", after, warm, cold)
		}
	}
	for _, kind := range Kinds() {
		_ = Due(start, have)
		less := maps.Clone(have)
		delete(less, kind)
		if len(Due(start, less)) == 0 {
			t.Errorf("without %s nothing is due", kind)
		}
	}
}

func TestRolesAreApart(t *testing.T) {
	one, other := renewed(t, start, nil), renewed(t, start, nil)
	if err := Fit(start, one[Client], one[Server]); err != nil {
		t.Error(err)
	}
	for why, pair := range map[string][2]Bundle{
		"a node's own certificate calls other nodes":   {one[Server], one[Server]},
		"the operator's certificate passes for a node": {one[Client], one[Client]},
		"another ring's operator calls":                {other[Client], one[Server]},
		"another ring's node answers":                  {one[Client], other[Server]},
	} {
		if Fit(start, pair[0], pair[1]) == nil {
			t.Error(why)
		}
	}
	if err := Fit(start.Add(LeafLife+time.Hour), one[Client], one[Server]); err == nil {
		t.Error("certificates that have ended are accepted")
	}
}

// K8ssandra's users give RSA keys and PKCS#1 as well: whatever Go reads is good.
func TestAnAuthorityIsOne(t *testing.T) {
	p, err := renewed(t, start, nil)[Authority].parse()
	if err != nil || !p.certificate.IsCA || p.certificate.KeyUsage != x509.KeyUsageCertSign || p.certificate.MaxPathLen != 0 {
		t.Errorf("%+v, %v", p.certificate, err)
	}
}
