package clock

import (
	"os/exec"
	"time"
)

// Keeper keeps processes shifted until it is stopped.
type Keeper struct {
	// Tracer makes the command of a process that calls Serve on its standard
	// input and output, as often as one is needed.
	Tracer func() *exec.Cmd
	// Every is how often new processes are looked for; 20 ms when not set.
	Every time.Duration
}

// request asks a tracer to give processes an offset.
type request struct {
	Offset time.Duration `json:"offset"`
	PIDs   []int         `json:"pids"`
}

// answer says what came of a request.
type answer struct {
	Changed int      `json:"changed,omitempty"` // processes that were shifted or restored
	Pending int      `json:"pending,omitempty"` // processes that could not be, and will be tried again
	Errors  []string `json:"errors,omitempty"`  // why, each once
}
