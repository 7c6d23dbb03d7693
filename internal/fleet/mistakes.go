package fleet

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// mistake is one that the user made, and where.
type mistake struct {
	path string
	line int
	text string
}

func (m mistake) Error() string { return fmt.Sprintf("%s:%d: %s", m.path, m.line, m.text) }

// sorted joins errors in the order of their lines; those without one come first.
func sorted(errs []error) error {
	all := flat(errs)
	slices.SortStableFunc(all, func(a, b error) int { return cmp.Compare(lineOf(a), lineOf(b)) })
	all = slices.CompactFunc(all, func(a, b error) bool { return a.Error() == b.Error() })
	return errors.Join(all...)
}

// flat takes joined errors apart.
func flat(errs []error) (all []error) {
	for _, err := range errs {
		switch joined := err.(type) { //nolint:errorlint // the very type that errors.Join makes
		case nil:
		case interface{ Unwrap() []error }:
			all = append(all, flat(joined.Unwrap())...)
		default:
			all = append(all, err)
		}
	}
	return all
}

func lineOf(err error) int {
	if m, ok := errors.AsType[mistake](err); ok {
		return m.line
	}
	return 0
}
