package invocation

import (
	"fmt"

	"github.com/spf13/cobra"
)

// Exit codes of the program, beside those of single verbs and those of nodetool, which are
// passed on.
const (
	ExitFailed      = 1
	ExitUsage       = 2
	ExitLeftOut     = 3 // of up and rollout undo: done, but for regions that don't answer
	ExitInterrupted = 130
)

// Exit ends the program with a code of its own, without a message.
type Exit int

func (e Exit) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// UsageError is a wrong call.
type UsageError struct {
	Verb string // as the user calls it
	err  error
}

func (e UsageError) Error() string { return e.err.Error() }
func (e UsageError) Unwrap() error { return e.err }

// Usage says that a verb was called in a wrong way.
func Usage(cmd *cobra.Command, err error) error {
	return UsageError{Verb: cmd.CommandPath(), err: err}
}
