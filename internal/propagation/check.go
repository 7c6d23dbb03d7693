package propagation

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"

	api "github.com/ringspan/ringspan/api/fleet/v1alpha1"
)

// Check finds all mistakes of a spec at once. Each names its field.
func Check(spec *api.PropagationSpec) error {
	var errs []error
	bad := func(field, format string, args ...any) {
		errs = append(errs, fmt.Errorf("spec.%s: %s", field, fmt.Sprintf(format, args...)))
	}
	if spec.ServiceAccountName == "" {
		bad("serviceAccountName", "as which service account the object is to be written has to be said")
	} else if wrong := validation.IsDNS1123Subdomain(spec.ServiceAccountName); len(wrong) > 0 {
		bad("serviceAccountName", "%q is not the name of a service account: %s", spec.ServiceAccountName, wrong[0])
	}
	switch {
	case len(spec.Template) > 0 && spec.Source != nil:
		bad("source", "there is a template already, and an object has one origin")
	case spec.Source != nil:
		checkSource(spec.Source, bad)
	case len(spec.Template) == 0:
		bad("template", "either a template or a source is required")
	default:
		checkTemplate("template", spec.Template, bad)
	}
	if s := spec.Placement.RegionSelector; s != nil {
		if _, err := metav1.LabelSelectorAsSelector(s); err != nil {
			bad("placement.regionSelector", "%v", err)
		}
	}
	for i, o := range spec.Overrides {
		checkOverride(fmt.Sprintf("overrides[%d]", i), o, bad)
	}
	for i, path := range spec.Retain {
		if why := untouchable(path); why != "" {
			bad(fmt.Sprintf("retain[%d]", i), "%s", why)
		}
	}
	return errors.Join(errs...)
}

// Valid tells whether Check finds no mistake.
func Valid(spec *api.PropagationSpec) bool { return Check(spec) == nil }

type complain func(field, format string, args ...any)

func checkSource(s *api.PropagationSource, bad complain) {
	for field, value := range map[string]string{"region": s.Region, "apiVersion": s.APIVersion, "kind": s.Kind, "name": s.Name} {
		if value == "" {
			bad("source."+field, "it is required")
		}
	}
	if s.Namespace != "" {
		checkNamespace("source.namespace", s.Namespace, bad)
	}
	checkKind("source", s.APIVersion, s.Kind, bad)
}

// checkNamespace refuses what can be no namespace's name: it stands in commands that are shown to be copied.
func checkNamespace(at string, name any, bad complain) {
	text, is := name.(string)
	if wrong := validation.IsDNS1123Label(text); !is || len(wrong) > 0 {
		bad(at, "it is not the name of a namespace, as shop-eu is")
	}
}

func checkKind(at, apiVersion, kind string, bad complain) {
	gv, err := schema.ParseGroupVersion(apiVersion)
	if err != nil {
		bad(at+".apiVersion", "%v", err)
		return
	}
	if why := RefusedKind(schema.GroupKind{Group: gv.Group, Kind: kind}); why != "" {
		bad(at+".kind", "objects of kind %s are not propagated: %s", kind, why)
	}
}

// taken are the parts of metadata that a template may have.
var taken = []string{"name", "namespace", "labels", "annotations", "creationTimestamp"}

func checkTemplate(at string, template map[string]any, bad complain) {
	apiVersion, _ := template["apiVersion"].(string)
	kind, _ := template["kind"].(string)
	for field, value := range map[string]string{"apiVersion": apiVersion, "kind": kind} {
		if value == "" {
			bad(at+"."+field, "it is required")
		}
	}
	checkKind(at, apiVersion, kind, bad)
	metadata, _ := template["metadata"].(map[string]any)
	if name, _ := metadata["name"].(string); name == "" {
		bad(at+".metadata.name", "it is required")
	}
	if metadata["namespace"] != nil {
		checkNamespace(at+".metadata.namespace", metadata["namespace"], bad)
	}
	for _, field := range slices.Sorted(maps.Keys(metadata)) {
		if !slices.Contains(taken, field) {
			bad(at+".metadata."+field, "only name, namespace, labels and annotations are propagated")
		}
	}
	for _, group := range []string{"labels", "annotations"} {
		checkMarks(at+".metadata."+group, metadata[group], bad)
	}
	if template["status"] != nil {
		bad(at+".status", "a status is what the region's controllers find, and isn't propagated")
	}
	checkClaims(at, template, bad)
}

func checkMarks(at string, group any, bad complain) {
	all, is := group.(map[string]any)
	if group != nil && !is {
		bad(at, "it is not a map")
	}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if _, text := all[key].(string); !text {
			bad(at+"."+key, "the value is not a text")
		}
		if reserved(key) {
			bad(at+"."+key, whyReserved)
		}
	}
}

// The fields of a StatefulSet's persistentVolumeClaimRetentionPolicy; a deletion acts on the first one only.
const whenDeleted = "whenDeleted"

var claimPolicies = []string{whenDeleted, "whenScaled"}

// checkClaims refuses what would have volume claims deleted with the object.
func checkClaims(at string, template map[string]any, bad complain) {
	if template["kind"] != "StatefulSet" {
		return
	}
	for _, when := range claimPolicies {
		if policy, _, _ := unstructured.NestedString(template, "spec", "persistentVolumeClaimRetentionPolicy", when); policy == "Delete" {
			bad(at+".spec.persistentVolumeClaimRetentionPolicy."+when, "volume claims would be deleted with the object: %s", whyVolume)
		}
	}
}

func checkOverride(at string, o api.Override, bad complain) {
	if o.Region == "" {
		bad(at+".region", "it is required")
	}
	for i, op := range o.Patch {
		here := fmt.Sprintf("%s.patch[%d]", at, i)
		if !slices.Contains([]string{"add", "replace", "remove", "test"}, op.Op) {
			bad(here+".op", "%q is none of add, replace, remove and test", op.Op)
		}
		if op.Op != "remove" && op.Value == nil {
			bad(here+".value", "%s needs one", op.Op)
		}
		if why := untouchable(op.Path); why != "" && op.Op != "test" {
			bad(here+".path", "%s", why)
		}
		checkWhole(here, op, bad)
	}
}

// checkWhole refuses what is ours in a patch that sets all labels or annotations at once.
func checkWhole(at string, op api.PatchOperation, bad complain) {
	parts := pointer(op.Path)
	if op.Op != "add" && op.Op != "replace" || untouchable(op.Path) != "" || len(parts) != 2 || parts[0] != "metadata" || op.Value == nil {
		return
	}
	var value any
	if err := json.Unmarshal(op.Value.Raw, &value); err != nil {
		bad(at+".value", "%v", err)
		return
	}
	checkMarks(at+".value of "+op.Path, value, bad)
}

// untouchable says why a pointer must not be changed for one region; "" when it may.
func untouchable(path string) string {
	if !strings.HasPrefix(path, "/") || strings.Contains(strings.NewReplacer("~0", "", "~1", "").Replace(path), "~") {
		return fmt.Sprintf("%q is not a JSON pointer, as /spec/replicas is", path)
	}
	parts := pointer(path)
	switch {
	case slices.Contains([]string{"apiVersion", "kind", "status"}, parts[0]):
		return "it says what the object is, and is the same in all regions"
	case parts[0] != "metadata":
		return ""
	case len(parts) < 2 || parts[1] != "labels" && parts[1] != "annotations":
		return "of the metadata, labels and annotations may differ from region to region"
	case len(parts) > 2 && reserved(parts[2]):
		return whyReserved
	}
	return ""
}

// pointer are the parts of a JSON pointer.
func pointer(path string) []string {
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i := range parts {
		parts[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(parts[i])
	}
	return parts
}
