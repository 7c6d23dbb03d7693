package infra

// What tests with a provider's resources need of this package.
var Implied = implied

// RefersTo tells whether a resource hangs on another.
func (f *Found) RefersTo(physical string) bool { return f.refersTo(physical) }
