package federation

import (
	"maps"
	"slices"
	"strings"
)

// Name is namespace/name of an object.
func Name(o Object) string { return o.GetNamespace() + "/" + o.GetName() }

// IsAsked tells whether an object is being deleted because somebody asked for it.
func IsAsked(o Object) bool {
	return o.GetDeletionTimestamp() != nil && o.GetAnnotations()[DeletionAnnotation] == DeletionAsked
}

// Copy is an object as its region's copy, with its revision.
func (k *Kind) Copy(region string, o Object) Copy {
	c := Copy{Region: region, UID: string(o.GetUID()), Hash: k.Former(o), Canonical: k.Hash(o), Deleting: o.GetDeletionTimestamp() != nil, Asked: IsAsked(o),
		Mark: o.GetAnnotations()[DeletionAnnotation], Removal: o.GetAnnotations()[RemovalAnnotation]}
	if k.Borrowed(o) {
		return c
	}
	notes := o.GetAnnotations()
	c.ID, c.Written = notes[k.ID], notes[RevisionAnnotation]
	head, err := ParseHead(notes[RevisionAnnotation], notes[AncestorsAnnotation], notes[LineageAnnotation])
	if err != nil { // nobody's revision: as if it had none
		return c
	}
	c.Head = head
	return c.Verified()
}

// Borrowed tells whether a copy was made from the manifest of an object of another name, with its annotations.
func (k *Kind) Borrowed(o Object) bool {
	return Borrowed(Name(o), o.GetAnnotations()[LineageAnnotation])
}

// GiveBack takes the annotations of another object off a copy that borrowed them: it is a new one, with an id of its own.
func (k *Kind) GiveBack(o Object) {
	if !k.Borrowed(o) {
		return
	}
	for _, name := range []string{RevisionAnnotation, AncestorsAnnotation, LineageAnnotation, OriginAnnotation, k.ID, ChooseAnnotation, RemovalAnnotation, RegionsAnnotation, ClustersAnnotation, DeletionAnnotation} {
		Drop(o, name)
	}
}

// Stamp writes a head on a region's copy, with the annotations of the copy that it is taken from, if any. id is for a copy
// that is published and has none.
func (k *Kind) Stamp(o Object, region string, head Head, from map[string]string, id string) {
	for name, value := range from {
		if travels(name) {
			Note(o, name, value)
		}
	}
	Note(o, RevisionAnnotation, head.String())
	Note(o, AncestorsAnnotation, FormatAncestors(head.Ancestors))
	Note(o, LineageAnnotation, FormatLineage(Name(o), head))
	if o.GetAnnotations()[OriginAnnotation] == "" {
		Note(o, OriginAnnotation, region)
	}
	if o.GetAnnotations()[k.ID] == "" && from == nil {
		Note(o, k.ID, id)
		if k.Founded != nil {
			k.Founded(o)
		}
	}
}

// Note sets an annotation.
func Note(o Object, name, value string) {
	notes := maps.Clone(o.GetAnnotations())
	if notes == nil {
		notes = map[string]string{}
	}
	notes[name] = value
	o.SetAnnotations(notes)
}

// Drop takes an annotation off, and tells whether it was there.
func Drop(o Object, name string) bool {
	notes := maps.Clone(o.GetAnnotations())
	_, was := notes[name]
	delete(notes, name)
	o.SetAnnotations(notes)
	return was
}

// ParseRegions reads RegionsAnnotation, the UID of each region's copy, and ClustersAnnotation.
func ParseRegions(text string) map[string]string {
	out := map[string]string{}
	for one := range strings.FieldsSeq(text) {
		if region, uid, ok := strings.Cut(one, "="); ok {
			out[region] = uid
		}
	}
	return out
}

// FormatRegions is the annotation's form.
func FormatRegions(seen map[string]string) string {
	var all []string
	for _, region := range slices.Sorted(maps.Keys(seen)) {
		all = append(all, region+"="+seen[region])
	}
	return strings.Join(all, " ")
}
