package datacenter

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
)

// Volumes grow when the spec asks for more storage and the annotation of cass-operator allows it: first the claims, all of
// which have been looked at before the first one is changed, then the StatefulSets, see plan_remake.go. Each pass goes by what
// claims and sets say, so that it doesn't matter which pass before it ended where.

// planVolumes asks for larger volumes, and makes StatefulSets anew when those of their rack have grown.
func (s *State) planVolumes(p *Plan) {
	s.planRemade(p)
	for _, v := range s.nodeVolumes() {
		switch {
		case v.grown() && v.asked():
		case v.asked() && v.bound():
			p.Wait("%s", v.growth())
		case v.asked() || !s.mayGrow() || p.Volumes != "":
		case !v.bound():
			p.Wait("claim %s to be bound before it grows to %s", v.claim.Name, &v.want)
		case s.unreadClasses() != "":
			p.Wait("%s before volumes grow", s.unreadClasses())
		default:
			grown := v.claim.DeepCopy()
			grown.Spec.Resources.Requests = corev1.ResourceList{corev1.ResourceStorage: v.want} // a claim asks for nothing else
			why := fmt.Sprintf("%s instead of %s", &v.want, v.claim.Spec.Resources.Requests.Storage())
			p.add(Grow, v.claim.Name, why, Step{Object: grown})
		}
	}
	if p.Volumes == "" {
		s.planRemake(p)
	}
}

// unreadClasses says which StorageClass of a claim that is to grow can't be read.
func (s *State) unreadClasses() string {
	for _, name := range s.GrowingClasses() {
		if c, known := s.Classes[name]; !known || c.Error != "" {
			return fmt.Sprintf("StorageClass %s to be read (%s)", name, or(c.Error, "it was not asked for"))
		}
	}
	return ""
}

// volumesRefused says what of the volumes that the spec asks for can't be, by the field's name; "" if nothing. mounts tells that
// pods would mount what their nodes don't have, so that none may be made from this spec.
func (s *State) volumesRefused() (why string, mounts bool) {
	for _, rack := range s.DC.RackNames() {
		if set := s.lastSet(rack); set != nil {
			if why := s.otherClaims(rack, set); why != "" {
				return why, true
			}
		}
	}
	for _, rack := range s.DC.RackNames() {
		if set := s.lastSet(rack); set != nil {
			if why := s.templatesRefused(rack, set); why != "" {
				return why, false
			}
		}
	}
	return s.classesRefused(), false
}

// claimField names a claim's field of the spec.
func claimField(template string) string {
	if template == DataVolume {
		return "spec.storageConfig.cassandraDataVolumeClaimSpec"
	}
	return fmt.Sprintf("spec.storageConfig.additionalVolumes[%s].pvcSpec", template)
}

// otherClaims names a claim that the spec has and a rack's nodes don't, or the reverse.
func (s *State) otherClaims(rack string, set *appsv1.StatefulSet) string {
	have, want := claimsByName(set.Spec.VolumeClaimTemplates), claimsByName(s.claims())
	for _, name := range slices.Sorted(maps.Keys(have)) {
		if _, asked := want[name]; !asked {
			return fmt.Sprintf("%s: the nodes of rack %s have a volume for it, which can't be taken from them. Pods are not changed until the spec has it again", claimField(name), rack)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if _, there := have[name]; !there {
			return fmt.Sprintf("%s: the nodes of rack %s were made without a volume for it, and can't be given one. Pods are not changed until the spec lacks it again", claimField(name), rack)
		}
	}
	return ""
}

func claimsByName(claims []corev1.PersistentVolumeClaim) map[string]*corev1.PersistentVolumeClaimSpec {
	out := map[string]*corev1.PersistentVolumeClaimSpec{}
	for i := range claims {
		out[claims[i].Name] = &claims[i].Spec
	}
	return out
}

// templatesRefused names what differs between the claims of the spec and those that a rack was made with, other than that it
// is more and may be.
func (s *State) templatesRefused(rack string, set *appsv1.StatefulSet) string {
	have, want := claimsByName(set.Spec.VolumeClaimTemplates), claimsByName(s.claims())
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if part := otherPart(have[name], want[name]); part != "" {
			return fmt.Sprintf("%s.%s: can't be changed for the volumes that the nodes of rack %s have; only resources.requests.storage can", claimField(name), part, rack)
		}
		was, is := have[name].Resources.Requests.Storage(), want[name].Resources.Requests.Storage()
		field := claimField(name) + ".resources.requests.storage"
		switch more := is.Cmp(*was); {
		case more < 0:
			return fmt.Sprintf("%s: %s is less than the %s of the volumes that the nodes of rack %s have; volumes can't shrink", field, is, was, rack)
		case more > 0 && !s.mayGrow():
			return fmt.Sprintf("%s: %s instead of %s needs the annotation %s: \"true\"; without it volumes stay as they are", field, is, was, api.AllowStorageChangesAnnotation)
		}
	}
	return ""
}

// otherPart names a field of a claim, but for the storage that it asks for, that isn't what it was.
func otherPart(have, want *corev1.PersistentVolumeClaimSpec) string {
	was, is := partsOf(have), partsOf(want)
	names := slices.AppendSeq(slices.Collect(maps.Keys(was)), maps.Keys(is))
	slices.Sort(names)
	for _, part := range names {
		if !reflect.DeepEqual(was[part], is[part]) {
			return part
		}
	}
	return ""
}

// partsOf are a claim's fields as the API server would have them, but for the storage that it asks for.
func partsOf(spec *corev1.PersistentVolumeClaimSpec) map[string]any {
	spec = spec.DeepCopy()
	spec.VolumeMode = new(ptr.Deref(spec.VolumeMode, corev1.PersistentVolumeFilesystem))
	slices.Sort(spec.AccessModes)
	delete(spec.Resources.Requests, corev1.ResourceStorage)
	data, _ := json.Marshal(spec) // a type of the API: cannot fail
	out := map[string]any{}
	_ = json.Unmarshal(data, &out)
	return out
}

// classesRefused says which claim can't grow, by its StorageClass.
func (s *State) classesRefused() string {
	if !s.mayGrow() {
		return ""
	}
	for _, v := range s.nodeVolumes() {
		if v.asked() {
			continue
		}
		name := ptr.Deref(v.claim.Spec.StorageClassName, "")
		class, known := s.Classes[name]
		why := ""
		switch {
		case name == "":
			why = "it has no StorageClass, so that nobody makes its volume larger"
		case !known || class.Error != "": // planVolumes waits for it
		case class.Missing:
			why = "there is no StorageClass " + name
		case !class.Expands:
			why = fmt.Sprintf("StorageClass %s does not allow it (allowVolumeExpansion)", name)
		}
		if why != "" {
			return fmt.Sprintf("%s.resources.requests.storage: claim %s can't grow from %s to %s: %s. No volume is changed",
				claimField(v.of), v.claim.Name, v.claim.Spec.Resources.Requests.Storage(), &v.want, why)
		}
	}
	return ""
}
