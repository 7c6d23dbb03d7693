package fleet

import fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"

// Warnings name what the file asks for, with its line, and nothing acts on.
func (f *File) Warnings() []string {
	if len(f.Fleet.Spec.Tags) == 0 || f.Fleet.Spec.Provider != fleetv1.ProviderLocal {
		return nil
	}
	return []string{f.at.errorf("spec.tags", "spec.tags: provider local has no resources that carry tags; they are kept in the file only").Error()}
}
