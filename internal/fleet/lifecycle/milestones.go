package lifecycle

import "sync"

// milestones names the next phase when every ring has passed a stage. Stages
// are passed in order.
type milestones struct {
	next  func(string)
	names []string

	mu     sync.Mutex
	passed []int // stages, by ring
	told   int
}

func newMilestones(rings int, next func(string), names ...string) *milestones {
	return &milestones{next: next, names: names, passed: make([]int, rings)}
}

// of returns the function by which a ring reports how many stages it has completed.
func (m *milestones) of(ring int) func(int) {
	return func(stages int) {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.passed[ring] = max(m.passed[ring], stages)
		for m.told < len(m.names) && m.all(m.told+1) {
			m.next(m.names[m.told])
			m.told++
		}
	}
}

func (m *milestones) all(stages int) bool {
	for _, n := range m.passed {
		if n < stages {
			return false
		}
	}
	return true
}
