package rollback

import "errors"

// Errors of Choose.
var (
	// ErrNone says that no region keeps anything.
	ErrNone = errors.New("no region keeps a configuration with which the ring was ready: operators keep one when the whole ring is ready with everything done, and those of former versions don't")
	// ErrNoOther says that there is nothing else to go back to.
	ErrNoOther = errors.New("every configuration that was kept is the present one, as far as it is what goes back: there is none to go back to")
)
