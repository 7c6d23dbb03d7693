package progress

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
	"github.com/google/go-cmp/cmp"
)

// clock is moved by hand.
type clock struct{ now time.Time }

func (c *clock) pass(d time.Duration) { c.now = c.now.Add(d) }

func reporter() (*Reporter, *bytes.Buffer, *clock) {
	c, b := &clock{now: time.Unix(0, 0)}, &bytes.Buffer{}
	return New(Options{Out: b, Now: func() time.Time { return c.now }}), b, c
}

func TestPlainLines(t *testing.T) {
	r, out, c := reporter()
	r.Phase("clusters")
	c.pass(1500 * time.Millisecond)
	r.Line(Subject{Region: "eu-west-1"}, "cluster ready")
	r.Line(Subject{}, "all ready")
	r.Wait(Subject{Region: "eu-west-1", Name: "dc1"}, "waiting for pods")
	c.pass(500 * time.Millisecond)
	r.Phase("ring")
	r.Line(Subject{Region: "eu-west-1", Name: "dc1"}, "serves")
	c.pass(time.Second)
	phases := r.Close()
	r.Line(Subject{}, "after the end")
	want := `    0.0s  == clusters
    1.5s  eu-west-1: cluster ready
    1.5s  all ready
    1.5s  eu-west-1 dc1: waiting for pods
    2.0s  == ring
    2.0s  eu-west-1 dc1: serves
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Phase{{"clusters", 2}, {"ring", 1}}, phases); diff != "" {
		t.Error(diff)
	}
}

// A wait is a line when it begins, and again when something else has been waited
// for longer than a moment; what comes and goes is left out.
func TestPlainWaitsAreNotRepeated(t *testing.T) {
	r, out, c := reporter()
	s := Subject{Region: "r", Name: "dc"}
	for _, text := range []string{"a", "a", "b", "c", "c", "c", "c", ""} {
		r.Wait(s, text)
		c.pass(500 * time.Millisecond)
	}
	r.Close()
	if diff := cmp.Diff([]string{"a", "c"}, said(out.String())); diff != "" {
		t.Error(diff)
	}
}

func said(out string) (all []string) {
	for line := range strings.Lines(out) {
		_, text, _ := strings.Cut(strings.TrimSpace(line), ": ")
		all = append(all, text)
	}
	return all
}

var escapes = regexp.MustCompile("\x1b\\[[0-9;]*m")

// The live view: title with time, phases, one column per region, common news.
func TestLiveView(t *testing.T) {
	var m tea.Model = model{title: "ringspan up: fleet article", regions: []string{"eu-west-1", "eu-central-1"}, news: map[Subject]item{}, elapsed: func() time.Duration { return 12300 * time.Millisecond }}
	for _, msg := range []tea.Msg{
		tea.WindowSizeMsg{Width: 80, Height: 24}, phaseMsg("clusters"), phaseMsg("ring"),
		itemMsg{Subject{Region: "eu-west-1"}, item{text: "cluster ready", happened: true}},
		itemMsg{Subject{Region: "eu-west-1", Name: "dc1"}, item{text: "waiting for pod one to be ready; pod two to be ready; pod three to be ready; pod four to be ready; pod five"}},
		itemMsg{Subject{Region: "eu-central-1", Name: "dc2"}, item{text: "all 3 nodes serve", happened: true}},
		itemMsg{Subject{Name: "multi-region"}, item{text: "applied"}},
	} {
		m, _ = m.Update(msg)
	}
	got := escapes.ReplaceAllString(m.View().Content, "")
	for _, want := range []string{"ringspan up: fleet article 12.3s", "✓ clusters", "● ring", "eu-west-1", "✓ dc2: all 3 nodes serve", "… dc1: waiting for pod one", "multi-region: applied"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	for line := range strings.Lines(got) {
		if lipgloss.Width(strings.TrimRight(line, "\n")) > 80 {
			t.Errorf("wider than the terminal: %q", line)
		}
	}
	columns := strings.Split(got, "\n")
	side := 0
	for _, line := range columns {
		if strings.Contains(line, "eu-west-1") && strings.Contains(line, "eu-central-1") {
			side++
		}
	}
	if side != 1 {
		t.Errorf("the regions are not side by side:\n%s", got)
	}
	m, cmd := m.Update(doneMsg{})
	if m.View().Content != "" || cmd == nil {
		t.Error("something is left at the end")
	}
}

// A phase isn't torn apart at the end of a line.
func TestPhasesStayWhole(t *testing.T) {
	m := model{width: 24, phases: []string{"machine checked", "regions ready", "x", "pods placed"}}
	got := escapes.ReplaceAllString(m.drawPhases(), "")
	if want := "✓ machine checked\n✓ regions ready  ✓ x\n● pods placed"; got != want {
		t.Errorf("%s", got)
	}
}

// A narrow terminal has the regions one below the other.
func TestLiveViewOfANarrowTerminal(t *testing.T) {
	var m tea.Model = model{title: "t", regions: []string{"a-region", "b-region"}, news: map[Subject]item{}, elapsed: func() time.Duration { return 0 }}
	m, _ = m.Update(tea.WindowSizeMsg{Width: 40, Height: 24})
	got := escapes.ReplaceAllString(m.View().Content, "")
	if strings.Index(got, "b-region") < strings.Index(got, "a-region")+40 {
		t.Error(got)
	}
}
