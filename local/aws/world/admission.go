package world

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Refusal is why a call isn't let through.
type Refusal string

// Refusals.
const (
	Throttled Refusal = "throttled"
	Denied    Refusal = "denied"
	Faulted   Refusal = "faulted"
)

// Verdict is what happens to a call.
type Verdict struct {
	Refusal Refusal // "" lets it through
	Fault   Fault   // of a Faulted call; with Drop "after" the call goes through first
}

// admission decides which calls go through. It has a lock of its own: a call
// that is refused doesn't wait for others.
type admission struct {
	mu       sync.Mutex
	calls    calls
	faults   []*Fault
	last     int
	throttle []Throttle
	every    map[string]int
	buckets  map[string]*bucket
	met      map[string]bool // requests that a Throttle with First has refused
	denied   []string
}

type bucket struct {
	left float64
	at   time.Time
}

// Admit counts a call and decides about it. print is the same for the attempts of
// one request, and differs between requests of one name.
func (w *World) Admit(name CallName, print string) Verdict {
	a := &w.admission
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.calls == nil {
		a.calls = calls{}
	}
	count := a.calls.add(name)
	for _, f := range a.faults {
		if f.strikes(name) {
			return Verdict{Refusal: Faulted, Fault: *f}
		}
	}
	if a.throttled(name, print, w.Clock.Now()) {
		count.Throttled++
		return Verdict{Refusal: Throttled}
	}
	if slices.ContainsFunc(a.denied, func(d string) bool { return covers(d, name) }) {
		return Verdict{Refusal: Denied}
	}
	return Verdict{}
}

// Failed counts a call's error answer.
func (w *World) Failed(name CallName) {
	w.admission.mu.Lock()
	defer w.admission.mu.Unlock()
	if c := w.admission.calls[name]; c != nil {
		c.Errors++
	}
}

// covers says whether a denial, such as ec2:Create*, names a call.
func covers(denial string, name CallName) bool {
	service, action, _ := strings.Cut(denial, ":")
	prefix, wild := strings.CutSuffix(action, "*")
	return matches(service, name.Service) &&
		(strings.EqualFold(action, name.Action) || wild && strings.HasPrefix(strings.ToLower(name.Action), strings.ToLower(prefix)))
}

func (a *admission) throttled(name CallName, print string, now time.Time) bool {
	for _, t := range a.throttle {
		if !matches(t.Service, name.Service) {
			continue
		}
		if t.First && a.first(name, print) {
			return true
		}
		if t.Every > 0 {
			if a.every == nil {
				a.every = map[string]int{}
			}
			a.every[t.Service]++
			if a.every[t.Service]%t.Every == 0 {
				return true
			}
		}
		if t.Rate > 0 && !a.bucket(name, t, now).take() {
			return true
		}
	}
	return false
}

// first tells whether a request is met for the first time.
func (a *admission) first(name CallName, print string) bool {
	if a.met == nil {
		a.met = map[string]bool{}
	}
	key := strings.Join([]string{name.Service, name.Region, name.Action, print}, " ")
	known := a.met[key]
	a.met[key] = true
	return !known
}

func (a *admission) bucket(name CallName, t Throttle, now time.Time) *bucket {
	if a.buckets == nil {
		a.buckets = map[string]*bucket{}
	}
	burst := float64(max(t.Burst, 1))
	key := t.Service + "/" + name.Service + "/" + name.Region
	b := a.buckets[key]
	if b == nil {
		b = &bucket{left: burst, at: now}
		a.buckets[key] = b
	}
	b.left = min(burst, b.left+t.Rate*now.Sub(b.at).Seconds())
	b.at = now
	return b
}

func (b *bucket) take() bool {
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}

// Calls lists what was called since the last reset of the record.
func (w *World) Calls() []CallCount {
	w.admission.mu.Lock()
	defer w.admission.mu.Unlock()
	return w.admission.calls.list()
}

// ForgetCalls empties the record.
func (w *World) ForgetCalls() {
	w.admission.mu.Lock()
	defer w.admission.mu.Unlock()
	w.admission.calls = nil
}

// AddFault injects a fault that has been checked, and names it.
func (w *World) AddFault(f Fault) Fault {
	a := &w.admission
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last++
	f.ID, f.Seen, f.Hit = "fault-"+strconv.Itoa(a.last), 0, 0
	a.faults = append(a.faults, &f)
	return f
}

// Faults lists the faults with what they did so far.
func (w *World) Faults() []Fault {
	w.admission.mu.Lock()
	defer w.admission.mu.Unlock()
	out := []Fault{}
	for _, f := range w.admission.faults {
		out = append(out, *f)
	}
	return out
}

// ClearFaults ends all faults.
func (w *World) ClearFaults() {
	w.admission.mu.Lock()
	defer w.admission.mu.Unlock()
	w.admission.faults = nil
}

// SetThrottle replaces the throttling that is in force.
func (w *World) SetThrottle(t ...Throttle) {
	w.admission.mu.Lock()
	defer w.admission.mu.Unlock()
	w.admission.throttle, w.admission.buckets, w.admission.every, w.admission.met = t, nil, nil, nil
}

// SetDenied replaces the actions that are denied to everybody, such as ec2:CreateVpc
// or eks:*.
func (w *World) SetDenied(actions []string) {
	w.admission.mu.Lock()
	defer w.admission.mu.Unlock()
	w.admission.denied = actions
}

// Denials lists them.
func (w *World) Denials() []string {
	w.admission.mu.Lock()
	defer w.admission.mu.Unlock()
	return append([]string{}, w.admission.denied...)
}

func (a *admission) reset() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls, a.faults, a.throttle, a.buckets, a.every, a.met, a.denied = nil, nil, nil, nil, nil, nil, nil
}
