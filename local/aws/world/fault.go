package world

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Fault makes calls fail on purpose. Empty Service, Action and Region mean any.
type Fault struct {
	ID      string `json:"id"`
	Service string `json:"service,omitempty"`
	Action  string `json:"action,omitempty"`
	Region  string `json:"region,omitempty"`
	// Nth is the call that fails, counted from 1 among those that match; 0 is
	// the next one. With Every it is every Nth.
	Nth   int  `json:"nth,omitempty"`
	Every bool `json:"every,omitempty"`
	// Times is how many calls fail from the Nth on; 0 is one, -1 all.
	Times int `json:"times,omitempty"`
	// Code and Message are the error; Drop instead ends the connection
	// without an answer, "before" the call takes effect or "after".
	Code    string `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
	Status  int    `json:"status,omitempty"`
	Drop    string `json:"drop,omitempty"`

	Seen int `json:"seen"` // calls that matched so far
	Hit  int `json:"hit"`  // calls that failed so far
}

// Check says what is wrong with a fault that someone asks for.
func (f *Fault) Check() error {
	switch {
	case f.Code == "" && f.Drop == "":
		return errors.New("a fault needs a code, such as InternalError, or drop: before or after")
	case !slices.Contains([]string{"", "before", "after"}, f.Drop):
		return fmt.Errorf("drop %q: use before or after", f.Drop)
	case f.Code != "" && f.Drop != "":
		return errors.New("a fault has a code or drop, not both: a dropped connection carries no code")
	case f.Nth < 0 || f.Times < -1:
		return errors.New("nth counts from 1, times from 1 or -1 for all")
	case f.Every && f.Nth == 0:
		return errors.New("every needs nth: every how many calls?")
	}
	return nil
}

// strikes counts a call and says whether it fails.
func (f *Fault) strikes(name CallName) bool {
	if !matches(f.Service, name.Service) || !matches(f.Action, name.Action) || !matches(f.Region, name.Region) {
		return false
	}
	f.Seen++
	if !f.due() {
		return false
	}
	f.Hit++
	return true
}

func (f *Fault) due() bool {
	first := max(f.Nth, 1)
	if f.Every {
		return f.Seen%first == 0 && (f.Times <= 0 || f.Hit < f.Times)
	}
	return f.Seen >= first && (f.Times == -1 || f.Seen < first+max(f.Times, 1))
}

func matches(want, got string) bool {
	return want == "" || want == "*" || strings.EqualFold(want, got)
}

// Throttle refuses calls that come too fast. Zero values switch it off.
type Throttle struct {
	Service string  `json:"service,omitempty"` // "" is every service
	Rate    float64 `json:"rate,omitempty"`    // calls a second, for each region and service
	Burst   int     `json:"burst,omitempty"`   // calls at once
	Every   int     `json:"every,omitempty"`   // refuse every Nth call instead, whatever the rate
	First   bool    `json:"first,omitempty"`   // refuse the first attempt of each request, whatever the rate
}

// Check says what is wrong with throttling that someone asks for.
func (t Throttle) Check() error {
	if t.Rate < 0 || t.Burst < 0 || t.Every < 0 || t.Every == 1 {
		return errors.New("throttle: rate and burst must not be negative, every must be 2 or more, or 0 for off")
	}
	return nil
}
