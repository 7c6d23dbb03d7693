package world

import (
	"slices"
	"strings"
)

// CallName is one kind of call.
type CallName struct {
	Service string `json:"service"`
	Action  string `json:"action"`
	Region  string `json:"region"`
}

// CallCount is how often a call was made.
type CallCount struct {
	CallName
	Count     int `json:"count"`
	Errors    int `json:"errors,omitempty"`    // of them, those answered with an error
	Throttled int `json:"throttled,omitempty"` // of those, the ones that came too fast
}

// calls counts calls since the last reset.
type calls map[CallName]*CallCount

func (c calls) add(name CallName) *CallCount {
	if c[name] == nil {
		c[name] = &CallCount{CallName: name}
	}
	c[name].Count++
	return c[name]
}

func (c calls) list() []CallCount {
	out := make([]CallCount, 0, len(c))
	for _, n := range c {
		out = append(out, *n)
	}
	slices.SortFunc(out, func(a, b CallCount) int {
		return strings.Compare(a.Service+" "+a.Action+" "+a.Region, b.Service+" "+b.Action+" "+b.Region)
	})
	return out
}
