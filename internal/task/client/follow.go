package client

import (
	"context"
	"fmt"
	"time"

	"github.com/ringspan/ringspan/internal/region"
	"github.com/ringspan/ringspan/internal/report"
)

// askAgain is how often the regions are asked.
const askAgain = time.Second

// Follow waits until nothing more happens by itself to a task that was made, and tells how it goes. What it returns is how the
// task was last seen, also with an error: of the context, or that the task is gone.
func Follow(ctx context.Context, regions []region.Region, before Seen, o Order, to report.Reporter) (View, error) {
	is := o.Is()
	tick := time.NewTicker(askAgain)
	defer tick.Stop()
	told := &teller{to: to, pods: map[report.Subject]State{}, parts: map[report.Subject]State{}, away: map[string]bool{}}
	had := map[string]bool{o.Region: true} // the regions that have, or had, the task
	var last View
	for {
		seen, err := Again(ctx, regions, before, is)
		switch {
		case ctx.Err() != nil:
			return last, ctx.Err()
		case err == nil:
			found := seen.Views()
			told.regions(seen)
			if seen.deny(had) {
				return last, fmt.Errorf("%s was deleted", is)
			}
			if len(found) > 0 {
				last = found[0]
				told.view(&last)
			}
			if last.Over() {
				return last, nil
			}
		default:
			to.Wait(report.Subject{Name: is.Name}, err.Error())
		}
		select {
		case <-ctx.Done():
			return last, ctx.Err()
		case <-tick.C:
		}
	}
}

// deny tells whether none of the regions that had a task, all of which answer, has it any more. It notes those that have it.
func (s Seen) deny(had map[string]bool) bool {
	gone, there := false, false
	for _, a := range s {
		switch {
		case len(a.Tasks)+len(a.RingTasks) > 0:
			had[a.Region], there = true, true
		case had[a.Region] && a.Err != nil:
			there = true
		case had[a.Region]:
			gone = true
		}
	}
	return gone && !there
}

// teller tells what is new.
type teller struct {
	to    report.Reporter
	parts map[report.Subject]State
	pods  map[report.Subject]State
	away  map[string]bool
}

func (t *teller) regions(seen Seen) {
	for _, a := range seen {
		switch who := (report.Subject{Region: a.Region}); {
		case a.Err != nil:
			t.away[a.Region] = true
			t.to.Wait(who, "it does not answer: "+a.Err.Error())
		case t.away[a.Region]:
			delete(t.away, a.Region)
			t.to.Line(who, "it answers again")
		}
	}
}

func (t *teller) view(v *View) {
	if v.State == Waiting {
		t.to.Wait(report.Subject{Name: v.Name}, v.Message)
	} else {
		t.to.Wait(report.Subject{Name: v.Name}, "")
	}
	for _, d := range v.Datacenters {
		for _, p := range d.Pods {
			t.pod(report.Subject{Region: d.Region, Name: p.Pod}, v.Command, p)
		}
		t.part(report.Subject{Region: d.Region, Name: d.Name}, d)
	}
}

func (t *teller) part(who report.Subject, d Datacenter) {
	was := t.parts[who]
	t.parts[who] = d.State
	switch {
	case d.State == Waiting || d.State == Running:
		t.to.Wait(who, d.Message)
	case was != d.State:
		t.to.Line(who, string(d.State)+withText(d.Message))
	}
}

func (t *teller) pod(who report.Subject, command string, p Job) {
	was := t.pods[who]
	t.pods[who] = p.State
	switch {
	case p.State == Running:
		t.to.Wait(who, command)
	case p.State == Waiting && p.Error != "":
		t.to.Wait(who, fmt.Sprintf("%s again, after try %d: %s", command, p.Tries, p.Error))
	case p.State != Waiting && was != p.State:
		t.to.Line(who, string(p.State)+withText(p.Error))
	}
}

func withText(text string) string {
	if text == "" {
		return ""
	}
	return ": " + text
}
