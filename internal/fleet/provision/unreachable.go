package provision

import (
	"fmt"
	"slices"
)

// Unreachable is a region in which a provider doesn't answer, or only with faults of
// its own, however often it is asked. Nothing is known then of what is there.
type Unreachable struct {
	Who    string // the provider, in sentences
	Region string
	Err    error
}

func (u *Unreachable) Error() string {
	return fmt.Sprintf("%s does not answer in %s: %v", u.Who, u.Region, u.Err)
}

// OnlyUnreachable are the regions that don't answer, if that is all that an error
// says; else none.
func OnlyUnreachable(err error) []string {
	var regions []string
	if !onlyUnreachable(err, &regions) {
		return nil
	}
	slices.Sort(regions)
	return slices.Compact(regions)
}

func onlyUnreachable(err error, regions *[]string) bool {
	if u, ok := err.(*Unreachable); ok { //nolint:errorlint // each error of a tree is looked at by itself
		*regions = append(*regions, u.Region)
		return true
	}
	switch err := err.(type) { //nolint:errorlint // likewise
	case interface{ Unwrap() []error }:
		for _, one := range err.Unwrap() {
			if !onlyUnreachable(one, regions) {
				return false
			}
		}
		return true
	case interface{ Unwrap() error }:
		return err.Unwrap() != nil && onlyUnreachable(err.Unwrap(), regions)
	}
	return false
}
