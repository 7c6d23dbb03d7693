package cloud

import "testing"

func TestFollowTellsWhenALabIsReady(t *testing.T) {
	c := NewClient(State(t.TempDir()))
	for _, x := range []struct {
		why          string
		page         eventPage
		done, failed bool
	}{
		{"it comes up", eventPage{Events: []Event{{Message: "API server answers"}}}, false, false},
		{"it says that it is ready", eventPage{Events: []Event{{Done: true}}}, true, false},
		{"it said so long ago", eventPage{Ready: true, Events: []Event{{Message: "later"}}}, true, false},
		{"it failed", eventPage{Events: []Event{{Error: "no room"}}}, false, true},
		{"it was only late", eventPage{Events: []Event{{Error: "late"}, {Done: true}}}, true, false},
		{"it was late long ago", eventPage{Ready: true, Events: []Event{{Error: "late"}}}, true, false},
	} {
		if done, err := c.follow(x.page, func(Event) {}); done != x.done || (err != nil) != x.failed {
			t.Errorf("%s: got %t, %v", x.why, done, err)
		}
	}
}
