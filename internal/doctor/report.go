package doctor

import (
	"time"

	"github.com/ringspan/ringspan/internal/network"
)

// Report is what `ringspan doctor` tells.
type Report struct {
	Fleet    string            `json:"fleet,omitempty"`
	Healthy  bool              `json:"healthy"` // there is no fault; warnings may be
	Seconds  float64           `json:"seconds"`
	Probes   []Probe           `json:"probes"`
	Pairs    []Pair            `json:"pairs"`
	Findings []network.Finding `json:"findings"`
}

// Probe says from where it was measured.
type Probe struct {
	Region  string `json:"region"`
	Zone    string `json:"zone,omitempty"`
	Node    string `json:"node,omitempty"`
	Address string `json:"address"`
}

// Pair is one direction between two regions. Of several probes the shortest
// round trip and the smallest packet are shown.
type Pair struct {
	From          string            `json:"from"`
	To            string            `json:"to"`
	Ports         map[string]string `json:"ports"`                   // by name such as tcp/7000: open, or the worst that any probe saw
	RTT           Milliseconds      `json:"rttMs,omitempty"`         // 0 = not measured
	ClockOffset   Milliseconds      `json:"clockOffsetMs"`           // how far To's clock is ahead
	ClockError    Milliseconds      `json:"clockErrorMs,omitempty"`  // at most, either way
	LargestPacket int               `json:"largestPacket,omitempty"` // bytes; 0 = not measured
	Source        string            `json:"source,omitempty"`        // kept, or the address that To sees instead
}

// Milliseconds are what durations are in JSON.
type Milliseconds float64

func milliseconds(d time.Duration) Milliseconds {
	return Milliseconds(float64(d.Round(time.Microsecond)) / float64(time.Millisecond))
}

// Faults are the findings that are no warnings.
func (r Report) Faults() (all []network.Finding) {
	for _, f := range r.Findings {
		if f.Severity == network.Fault {
			all = append(all, f)
		}
	}
	return all
}
