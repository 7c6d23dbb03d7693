package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"sigs.k8s.io/yaml"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/report"
)

// stage is what regions answer.
type stage struct {
	t    *testing.T
	seen Seen
	told *teller
	had  map[string]bool
	out  strings.Builder
}

// TestScripts plays testdata: what regions have, and what is asked for and shown.
func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		s := &stage{t: t, had: map[string]bool{}}
		s.told = &teller{to: s, pods: map[report.Subject]State{}, parts: map[report.Subject]State{}, away: map[string]bool{}}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			s.t = t
			s.out.Reset()
			s.do(d)
			return s.out.String()
		})
	})
}

func (s *stage) do(d *datadriven.TestData) {
	var words []string
	for _, a := range d.CmdArgs {
		words = append(words, a.Key)
	}
	switch d.Cmd {
	case "region": // and its objects, in place of those that it had; or that it is away
		s.region(words[0], d.Input, len(words) > 1)
	case "order":
		q := &Request{Now: time.Date(2026, 11, 30, 10, 15, 0, 0, time.UTC)}
		s.decode(d.Input, q)
		s.order(q)
	case "list":
		s.say(Table(&s.out, s.seen.Views()))
	case "status":
		q := Which{Name: words[0]}
		if len(words) > 1 {
			q.Region = words[1]
		}
		v, err := s.seen.Find(q)
		if err != nil {
			s.say(err)
			return
		}
		s.say(Render(&s.out, &v))
	case "follow": // one look
		for _, v := range s.seen.Views() {
			if v.Name == words[0] {
				s.told.view(&v)
				fmt.Fprintf(&s.out, "over: %t\n", v.Over())
			}
		}
		s.told.regions(s.seen)
		if s.seen.deny(s.had) {
			s.out.WriteString("it was deleted\n")
		}
	case "json":
		v, err := s.seen.Find(Which{Name: words[0]})
		s.say(err)
		text, err := json.MarshalIndent(v, "", "  ")
		s.say(err)
		fmt.Fprintln(&s.out, string(text))
	case "json-list":
		text, err := json.Marshal(s.seen.Views())
		s.say(err)
		fmt.Fprintln(&s.out, string(text))
	case "names":
		rings, datacenters, racks, pods := s.seen.Names()
		fmt.Fprintf(&s.out, "rings %q, datacenters %q, racks %q, pods %q\n", rings, datacenters, racks, pods)
	default:
		s.t.Fatalf("unknown command %q", d.Cmd)
	}
}

func (s *stage) say(err error) {
	if err != nil {
		fmt.Fprintln(&s.out, "error:", err)
	}
}

func (s *stage) decode(input string, into any) {
	s.t.Helper()
	if err := yaml.UnmarshalStrict([]byte(input), into); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) region(name, input string, away bool) {
	a := Answer{Region: name}
	if away {
		a.Err = errors.New("connection refused")
	}
	for text := range strings.SplitSeq(input, "---\n") {
		var what struct{ Kind string }
		if err := yaml.Unmarshal([]byte(text), &what); err != nil {
			s.t.Fatal(err)
		}
		switch what.Kind {
		case "CassandraDatacenter":
			a.Datacenters = append(a.Datacenters, cassandra.CassandraDatacenter{})
			s.decode(text, &a.Datacenters[len(a.Datacenters)-1])
		case "K8ssandraCluster":
			a.Rings = append(a.Rings, k8ssandra.K8ssandraCluster{})
			s.decode(text, &a.Rings[len(a.Rings)-1])
		case "CassandraTask":
			a.Tasks = append(a.Tasks, api.CassandraTask{})
			s.decode(text, &a.Tasks[len(a.Tasks)-1])
		case "K8ssandraTask":
			a.RingTasks = append(a.RingTasks, api.K8ssandraTask{})
			s.decode(text, &a.RingTasks[len(a.RingTasks)-1])
		case "Pod":
			var p struct {
				Kind string
				Pod
			}
			s.decode(text, &p)
			a.Pods = append(a.Pods, p.Pod)
		}
	}
	if i := slices.IndexFunc(s.seen, func(a Answer) bool { return a.Region == name }); i >= 0 {
		s.seen[i] = a
		return
	}
	s.seen = append(s.seen, a)
}

func (s *stage) order(q *Request) {
	if err := q.Check(); err != nil {
		s.say(err)
		return
	}
	o, err := s.seen.Order(q)
	if err != nil {
		s.say(err)
		return
	}
	var text []byte
	switch t := o.Task.(type) {
	case *api.CassandraTask:
		text, err = yaml.Marshal(t.Spec)
	case *api.K8ssandraTask:
		text, err = yaml.Marshal(t.Spec)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	fmt.Fprintf(&s.out, "%s, made in %s\n%s", o.Is(), o.Region, bytes.TrimSpace(text))
}

func (s *stage) Phase(name string) { fmt.Fprintln(&s.out, "==", name) }

func (s *stage) Line(who report.Subject, text string) { fmt.Fprintf(&s.out, "%s: %s\n", who, text) }

func (s *stage) Wait(who report.Subject, text string) {
	if text != "" {
		fmt.Fprintf(&s.out, "(%s: %s)\n", who, text)
	}
}
