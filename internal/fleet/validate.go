package fleet

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
)

// validate finds what is wrong with the whole, before anything is made of it. A
// Fleet is refused here exactly when its resource definition refuses it
// (api/fleet), but for providers that are to come; a test in internal/kubetest
// compares the two.
func (f *File) validate() (errs []error) {
	spec := f.Fleet.Spec
	if !fleetName.MatchString(f.Fleet.Name) {
		errs = append(errs, f.at.fieldError("metadata.name", "%q is not a name: lower-case letters, digits and -, beginning with a letter, at most 40", f.Fleet.Name))
	}
	switch spec.Provider {
	case fleetv1.ProviderLocal:
		errs = append(errs, f.onlyAWS()...)
		errs = append(errs, f.onlyExisting()...)
	case fleetv1.ProviderAWS:
		errs = append(errs, f.validateAWS()...)
		errs = append(errs, f.onlyExisting()...)
	case fleetv1.ProviderExisting:
		errs = append(errs, f.validateExisting()...)
	default:
		errs = append(errs, f.at.fieldError("spec.provider", "%q is not a provider; local, aws and existing are", spec.Provider))
	}
	errs = append(errs, f.validateTags()...)
	if len(spec.Regions) == 0 {
		errs = append(errs, f.at.fieldError("spec.regions", "a fleet needs at least one region"))
	}
	if len(spec.Regions) > MaxRegions {
		errs = append(errs, f.at.fieldError("spec.regions", "%d regions are more than the %d that a fleet can have", len(spec.Regions), MaxRegions))
	}
	for i := range spec.Regions {
		errs = append(errs, f.validateRegion(i)...)
	}
	for i := range f.Rings {
		errs = append(errs, f.validateRing(i)...)
	}
	return append(errs, f.validateSecrets()...)
}

// Names of fleets and regions, and of zones.
var (
	fleetName = regexp.MustCompile(`^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$`)
	zoneName  = regexp.MustCompile(`^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$`)
)

// region finds a region by name; -1 when there is none.
func (f *File) region(name string) int {
	return slices.IndexFunc(f.Fleet.Spec.Regions, func(r fleetv1.Region) bool { return r.Name == name })
}

func (f *File) regionNames() string {
	var names []string
	for _, r := range f.Fleet.Spec.Regions {
		names = append(names, r.Name)
	}
	return strings.Join(names, ", ")
}

// faults collects the errors of one object of a document.
type faults struct {
	d    *document
	at   string // path of the object
	errs []error
}

// bad notes a rule that a field of the object breaks.
func (x *faults) bad(field, format string, args ...any) {
	path := strings.TrimPrefix(x.at+"."+field, ".")
	if err := x.d.fieldError(path, format, args...); err != nil {
		x.errs = append(x.errs, err)
	}
}

func path(format string, args ...any) string { return fmt.Sprintf(format, args...) }

// ValidName tells whether a file can describe a fleet of such a name.
func ValidName(name string) bool { return fleetName.MatchString(name) }
