package e2e

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// loginLoop logs in again and again until it is ended, each time with a session of its own.
type loginLoop struct {
	end  chan struct{}
	done chan struct{}

	tries    int // of the loop; to be read when it is done
	failures []error
}

// startLogins begins a loop at a pod. The ring's caches of roles are off: each login reads.
func startLogins(t *testing.T, region, pod, username, password string) *loginLoop {
	t.Helper()
	port, closePort := forward(t, region, "small", pod)
	l := &loginLoop{end: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(l.done)
		defer closePort()
		for pause := time.NewTicker(500 * time.Millisecond); ; {
			l.tries++
			if err := tryLogin(port, username, password); err != nil {
				l.failures = append(l.failures, fmt.Errorf("try %d at %s: %w", l.tries, time.Now().UTC().Format(time.TimeOnly), err))
			}
			select {
			case <-l.end:
				return
			case <-pause.C:
			}
		}
	}()
	return l
}

// ended says what went wrong meanwhile.
func (l *loginLoop) ended() error {
	close(l.end)
	<-l.done
	if l.tries < 10 {
		return fmt.Errorf("only %d logins were tried", l.tries)
	}
	return errors.Join(l.failures...)
}

// growsUnderLogins lets a datacenter grow from one node to four. The replicas of the roles follow one by one, each
// repaired before the next, and nobody's login fails in either datacenter.
func growsUnderLogins(t *testing.T) {
	username, password := ownSuperuser(t)
	loops := map[string]*loginLoop{
		west:    startLogins(t, west, "own-own1-default-sts-0", username, password),
		central: startLogins(t, central, "own-own2-default-sts-0", username, password),
	}
	defer func() {
		for region, l := range loops {
			if err := l.ended(); err != nil {
				t.Errorf("logins in %s: %v", region, err)
			}
		}
	}()
	kubectl(t, west, "-n", "small", "patch", "k8c", "own", "--type=json", "-p", `[{"op":"replace","path":"/spec/cassandra/datacenters/0/size","value":4}]`)
	eventually(t, 8*time.Minute, func() error {
		return contains(kubectl(t, west, "-n", "small", "get", "cassandratasks", "-o", "jsonpath={range .items[*]}{.metadata.name} {.spec.jobs[0].command} succeeded={.status.succeeded}{end}"), "cleanup succeeded=4")
	})
	for _, region := range []string{west, central} {
		eventually(t, time.Minute, func() error { return smallReady(t, region, "own") })
	}
	filled := kubectl(t, west, "-n", "small", "get", "cassdc", "own1", "-o", `jsonpath={.metadata.annotations.ringspan\.io/filled-replicas}`)
	if err := contains(filled, `"system_auth":{"own1":3,"own2":1}`); err != nil {
		t.Errorf("on record: %v", err)
	}
	at := func(script string) string {
		return ringspan(t, "cql", "--region", west, "--node", "own-own1-default-sts-0", "-o", "json", "-e", script)
	}
	if out := at("SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = 'system_auth'"); !strings.Contains(out, "own1") || contains(strings.ReplaceAll(out, "\\", ""), "3") != nil {
		t.Errorf("replication of system_auth: %s", out)
	}
	if out := at("SELECT keyspace_name FROM system_distributed.parent_repair_history"); strings.Count(out, "system_auth") < 2 {
		t.Errorf("Cassandra knows of these repairs: %s", out)
	}
	hasAllRows(t, west, "own-own1-default-sts-0")
	if err := login(t, "small", "own-own1-default-sts-3", username, password); err != nil {
		t.Errorf("login at the last node: %v", err)
	}
	if out := ringspan(t, "nodetool", "--region", west, "--node", "own-own1-default-sts-0", "--", "status", "kept"); strings.Count(out, "UN ") != 5 || strings.Contains(out, " 0.0%") {
		t.Errorf("a new node holds nothing:\n%s", out)
	}
}
