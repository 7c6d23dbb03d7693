package provision

import (
	"errors"
	"fmt"
)

// NotSupported is the answer of a provider to what it has no answer to.
type NotSupported struct {
	Provider string // as spec.provider has it
	What     string // what it doesn't do: "describe networks"
}

func (n *NotSupported) Error() string {
	return fmt.Sprintf("provider %s does not %s", n.Provider, n.What)
}

// IsNotSupported tells whether an error says that the provider has no answer, however often
// it is asked.
func IsNotSupported(err error) bool {
	_, is := errors.AsType[*NotSupported](err)
	return is
}
