package propagation

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	api "github.com/ringspan/ringspan/api/fleet/v1alpha1"
)

var service = schema.GroupKind{Kind: "Service"}

// keepAssigned takes over what the region's API server assigned to a Service: it can't be changed, or would be given anew.
// A headless Service stays one.
func keepAssigned(o, live *unstructured.Unstructured) {
	kind, _, _ := unstructured.NestedString(o.Object, "spec", "type")
	if o.GroupVersionKind().GroupKind() != service || kind == "ExternalName" {
		return
	}
	if ip, _, _ := unstructured.NestedString(o.Object, "spec", "clusterIP"); ip != "None" {
		for _, field := range []string{"clusterIP", "clusterIPs"} {
			retain(o.Object, live.Object, []string{"spec", field})
		}
	}
	if kind != "NodePort" && kind != "LoadBalancer" {
		return
	}
	if _, set, _ := unstructured.NestedFieldNoCopy(o.Object, "spec", "healthCheckNodePort"); set {
		retain(o.Object, live.Object, []string{"spec", "healthCheckNodePort"})
	}
	for _, port := range portsOf(o) {
		if other := samePort(portsOf(live), port); other != nil && other["nodePort"] != nil {
			port["nodePort"] = other["nodePort"]
		}
	}
}

// forgetAssigned takes off what was assigned to a Service in the region that it is read from.
func forgetAssigned(o *unstructured.Unstructured) {
	if ip, _, _ := unstructured.NestedString(o.Object, "spec", "clusterIP"); ip != "None" {
		unstructured.RemoveNestedField(o.Object, "spec", "clusterIP")
		unstructured.RemoveNestedField(o.Object, "spec", "clusterIPs")
	}
	for _, field := range []string{"healthCheckNodePort", "ipFamilies", "ipFamilyPolicy"} {
		unstructured.RemoveNestedField(o.Object, "spec", field)
	}
	for _, port := range portsOf(o) {
		delete(port, "nodePort")
	}
}

func portsOf(o *unstructured.Unstructured) (all []map[string]any) {
	list, _, _ := unstructured.NestedFieldNoCopy(o.Object, "spec", "ports")
	ports, _ := list.([]any)
	for _, one := range ports {
		if port, is := one.(map[string]any); is {
			all = append(all, port)
		}
	}
	return all
}

// samePort finds a port by number and protocol, as the API server does.
func samePort(ports []map[string]any, want map[string]any) map[string]any {
	key := func(p map[string]any) string {
		protocol, _ := p["protocol"].(string)
		return fmt.Sprint(p["port"], orElse(protocol, "TCP"))
	}
	i := slices.IndexFunc(ports, func(p map[string]any) bool { return key(p) == key(want) })
	if i < 0 {
		return nil
	}
	return ports[i]
}

// keepHeld leaves fields to those who hold them: what spec.retain names, and replicas that an autoscaler sets. It comes after
// the overrides, which say what the object begins with: they would undo the autoscaler's work in every pass otherwise.
func keepHeld(o, live *unstructured.Unstructured, pointers []string) {
	for _, path := range pointers {
		retain(o.Object, live.Object, pointer(path))
	}
	if AutoscalerHoldsReplicas(live) {
		retain(o.Object, live.Object, []string{"spec", "replicas"})
	}
}

// AutoscalerHoldsReplicas tells whether Kubernetes' autoscaler was the last to set spec.replicas.
func AutoscalerHoldsReplicas(live *unstructured.Unstructured) bool {
	for _, by := range live.GetManagedFields() {
		if by.Manager != "kube-controller-manager" || by.Subresource != "scale" || by.FieldsV1 == nil {
			continue
		}
		var fields map[string]any
		if json.Unmarshal(by.FieldsV1.GetRawBytes(), &fields) != nil {
			continue
		}
		if _, holds, _ := unstructured.NestedFieldNoCopy(fields, "f:spec", "f:replicas"); holds {
			return true
		}
	}
	return false
}

// retain gives a field the value that it has in live, and takes it off when it has none there.
func retain(o, live map[string]any, path []string) {
	value, there := lookup(live, path)
	parent, exists := lookup(o, path[:len(path)-1])
	last := path[len(path)-1]
	if !exists && there {
		parent = create(o, path[:len(path)-1])
	}
	switch parent := parent.(type) {
	case map[string]any:
		if there {
			parent[last] = deepCopy(value)
		} else {
			delete(parent, last)
		}
	case []any:
		if i, err := strconv.Atoi(last); err == nil && i >= 0 && i < len(parent) && there {
			parent[i] = deepCopy(value)
		}
	}
}

// create makes the maps of a path; nil where something else is in the way.
func create(in map[string]any, path []string) any {
	for _, key := range path {
		next, is := in[key].(map[string]any)
		if !is && in[key] != nil {
			return nil
		}
		if next == nil {
			next = map[string]any{}
			in[key] = next
		}
		in = next
	}
	return in
}

func lookup(in any, path []string) (any, bool) {
	for _, key := range path {
		switch v := in.(type) {
		case map[string]any:
			next, is := v[key]
			if !is {
				return nil, false
			}
			in = next
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(v) {
				return nil, false
			}
			in = v[i]
		default:
			return nil, false
		}
	}
	return in, true
}

// same tells whether two states of an object are the same, but for what every write changes.
func same(a, b *unstructured.Unstructured) bool { return text(a) == text(b) }

func text(o *unstructured.Unstructured) string {
	c := o.DeepCopy()
	for _, field := range []string{"managedFields", "resourceVersion", "generation"} {
		unstructured.RemoveNestedField(c.Object, "metadata", field)
	}
	data, _ := json.Marshal(c.Object) // it was read from JSON
	return string(data)
}

// name of an object as people read it.
func name(ref api.ObjectReference) string {
	if ref.Namespace == "" {
		return ref.Kind + " " + ref.Name
	}
	return ref.Kind + " " + ref.Namespace + "/" + ref.Name
}
