package agent

import (
	"errors"
	"time"
)

// silence is since when a JVM doesn't answer its agent, whose node was a member before. While it boots it may be busy with its
// commit log for hours, which says nothing.
type silence struct {
	of    *jvm
	since time.Time
	asked time.Time // last
}

// unasked is for how long nobody may have asked, the kubelet included, before what the JVM did meanwhile isn't known: the machine was
// frozen, or both were away.
const unasked = time.Minute

// note tells for how long the JVM hasn't answered, now that it has or hasn't once more.
func (x *silence) note(j *jvm, answers bool, now time.Time) time.Duration {
	switch {
	case answers:
		*x = silence{}
		return 0
	case x.of != j || now.Sub(x.asked) > unasked:
		*x = silence{of: j, since: now}
	}
	x.asked = now
	return now.Sub(x.since)
}

// unanswered notes that the JVM hasn't answered, and tells for how long it hasn't; 0 for one that has yet to be a member, and for one
// that has refused to answer, which is somebody's answer.
func (a *Agent) unanswered(j *jvm, err error) time.Duration {
	if !errors.Is(err, errNoJVM) {
		a.answered(j)
		return 0
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.proven != j {
		return 0
	}
	return a.silence.note(j, false, time.Now())
}

// answered notes that the JVM has answered.
func (a *Agent) answered(j *jvm) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.silence.note(j, true, time.Now())
}

// askBriefly is how long whoever asks for the state waits for a JVM that hasn't answered before: the operator waits no longer for
// the agent. The probe of the kubelet goes on giving it its time.
const askBriefly = 2 * time.Second

// stateTimeout is how long a JVM has to answer whoever asks for the state.
func (a *Agent) stateTimeout() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.silence.of != nil && a.silence.of == a.jvm {
		return askBriefly
	}
	return jmxTimeout
}
