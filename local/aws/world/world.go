package world

import (
	"os"
	"sync"
	"time"
)

// Service is one of the account's services, as its World sees it.
type Service interface {
	// Name is the service's in signatures, such as ec2.
	Name() string
	// Settle does what has fallen due by now, and says whether that changed
	// anything and when to come again (zero: not before the next call).
	Settle(now time.Time) (changed bool, next time.Time)
	// State points at all that a restart must find again, as JSON.
	State() any
	// Reset forgets all resources.
	Reset()
}

// Options are a World's settings.
type Options struct {
	Account string // twelve digits
	Waits   Waits
	Lag     Lag
	Clock   *Clock // nil: the machine's
	IDs     *IDs   // nil: random
	File    string // that keeps the state; "" for none

	Regions   []Region // besides AWS's own, or in place of them
	Unlimited bool     // no quota refuses anything, but those that are set
}

// Region is one with zones of any name.
type Region struct {
	Name  string
	Zones []string
}

// World is one account of AWS, in all regions.
type World struct {
	Account string
	Clock   *Clock
	IDs     *IDs
	Regions []Region

	mu       sync.Mutex // held by Do
	waits    Waits
	Lag      Lag // inside Do only
	services []Service
	next     time.Time // when something falls due
	file     string
	lock     *os.File // held while the file is this world's; nil without one
	changed  []func()

	admission admission
	quotas    map[string]float64
	unlimited bool
	leftovers bool
	tokens    map[string]Answer
}

// New makes an empty world; Add its services, then Load.
func New(o Options) *World {
	w := &World{
		Account: o.Account, Clock: o.Clock, IDs: o.IDs, Regions: o.Regions, waits: o.Waits, Lag: o.Lag, file: o.File,
		quotas: map[string]float64{}, unlimited: o.Unlimited,
	}
	if w.Clock == nil {
		w.Clock = NewClock(time.Now)
	}
	if w.IDs == nil {
		w.IDs = NewIDs(nil)
	}
	return w
}

// Add makes a service part of the world.
func (w *World) Add(s Service) { w.services = append(w.services, s) }

// OnChange calls f after each change, without the lock. Register before use.
func (w *World) OnChange(f func()) { w.changed = append(w.changed, f) }

// Do runs f alone in the world, after all that is due has happened. When f
// says that it changed something, the state is kept and OnChange runs.
func (w *World) Do(f func() (changed bool)) error {
	w.mu.Lock()
	changed := w.settle()
	changed = f() || changed
	var err error
	if changed {
		w.settleNext()
		err = w.save()
	}
	w.mu.Unlock()
	if changed {
		for _, f := range w.changed {
			f()
		}
	}
	return err
}

// Settle lets what is due happen; it is cheap when nothing is.
func (w *World) Settle() error {
	w.mu.Lock()
	due := !w.next.IsZero() && !w.Clock.Now().Before(w.next)
	w.mu.Unlock()
	if !due {
		return nil
	}
	return w.Do(func() bool { return false })
}

func (w *World) settle() bool {
	now, all := w.Clock.Now(), false
	for range 10 { // what one service does may be due work of another
		again := false
		w.next = time.Time{}
		for _, s := range w.services {
			changed, next := s.Settle(now)
			again = again || changed
			w.sooner(next)
		}
		if !again {
			break
		}
		all = true
	}
	return all
}

// settleNext makes sure that what a call began is looked at when it falls due.
func (w *World) settleNext() {
	w.next = w.Clock.Now() // the next call reads the clock again
}

func (w *World) sooner(t time.Time) {
	if !t.IsZero() && (w.next.IsZero() || t.Before(w.next)) {
		w.next = t
	}
}

// In is the moment when something is done that takes d on AWS. Inside Do.
func (w *World) In(d time.Duration) time.Time { return w.Clock.Now().Add(w.waits.Of(d)) }

// Waits is the factor in force. Inside Do.
func (w *World) Waits() Waits { return w.waits }

// SetWaits changes the factor for what begins from now on. Inside Do.
func (w *World) SetWaits(f Waits) { w.waits = f }

// Leftovers says whether ending a node leaves a network interface behind, as
// the VPC CNI does when it is killed early. Inside Do.
func (w *World) Leftovers() bool { return w.leftovers }

// SetLeftovers switches that on and off. Inside Do.
func (w *World) SetLeftovers(on bool) { w.leftovers = on }

// Reset forgets all resources, faults, calls and settings of the drive, and
// keeps the clock.
func (w *World) Reset() error {
	return w.Do(func() bool {
		for _, s := range w.services {
			s.Reset()
		}
		w.admission.reset()
		w.quotas, w.leftovers, w.Lag.left, w.tokens = map[string]float64{}, false, nil, nil
		return true
	})
}
