package main

// object is a JSON schema, or a part of one.
type object = map[string]any

// replacements by property name, wherever it is in a spec.
var replacements = map[string]func() object{
	"affinity":                     anyObject,
	"livenessProbe":                anyObject,
	"readinessProbe":               anyObject,
	"podSecurityContext":           anyObject,
	"securityContext":              anyObject,
	"initContainerSecurityContext": anyObject,
	"podTemplateSpec":              anyObject,
	"maxUnavailable":               podsOrPercent,
	"volumeSource":                 anyObject,
	"pvcSpec":                      claim,
	"cassandraDataVolumeClaimSpec": claim,
	"resources":                    resources,
	"systemLoggerResources":        resources,
	"configBuilderResources":       resources,
	"initContainerResources":       resources,
	"containerResources":           resources,
	"containers":                   namedList,
	"initContainers":               namedList,
	"volumes":                      namedList,
	"additionalEnvVars":            namedList,
}

// undescribed are properties below which descriptions are left out: Kubernetes' own types, and those that repeat.
var undescribed = map[string]bool{
	"tolerations":            true,
	"selector":               true,
	"jmxInitContainerImage":  true,
	"conditions":             true,
	"trackedTasks":           true,
	"datacenter":             true,
	"cluster":                true,
	"reaperRef":              true,
	"medusaConfigurationRef": true,
}

func trimCRD(crd object) object {
	delete(crd, "status")
	spec := crd["spec"].(object)
	for _, v := range spec["versions"].([]any) {
		version := v.(object)
		schema := version["schema"].(object)["openAPIV3Schema"].(object)
		trim(schema, true)
		describeRoot(schema)
	}
	return crd
}

// describeRoot shortens what every object has; the API server puts its own text there anyway.
func describeRoot(schema object) {
	props := schema["properties"].(object)
	props["apiVersion"] = object{"type": "string"}
	props["kind"] = object{"type": "string"}
}

func trim(schema object, describe bool) {
	if !describe {
		delete(schema, "description")
	}
	props, _ := schema["properties"].(object)
	for name, p := range props {
		prop := p.(object)
		if replace := replacementFor(name, prop); replace != nil {
			props[name] = withDescription(replace(), prop, describe)
			continue
		}
		trim(prop, describe)
		if undescribed[name] {
			trimBelow(prop)
		}
		if name == "name" && isDefaultedReference(schema) {
			delete(prop, "description")
		}
	}
	for _, key := range []string{"items", "additionalProperties"} {
		if sub, ok := schema[key].(object); ok {
			trim(sub, describe)
		}
	}
}

// trimBelow drops every description below a property, and keeps the property's own.
func trimBelow(prop object) {
	own, had := prop["description"]
	trim(prop, false)
	if had {
		prop["description"] = own
	}
}

// isDefaultedReference recognizes core/v1 LocalObjectReference, whose name has a long text that helps nobody here.
func isDefaultedReference(schema object) bool {
	return schema["x-kubernetes-map-type"] == "atomic"
}

// replacementFor returns what to put in a property's place, or nil. A storageConfig is a volume claim (Reaper's) or a type
// of ours.
func replacementFor(name string, prop object) func() object {
	if name == "storageConfig" {
		if props, _ := prop["properties"].(object); props["accessModes"] != nil {
			return claim
		}
	}
	return replacements[name]
}

func withDescription(schema, from object, describe bool) object {
	if d, ok := from["description"]; ok && describe {
		schema["description"] = d
	}
	return schema
}

func anyObject() object {
	return object{"type": "object", "x-kubernetes-preserve-unknown-fields": true}
}

func quantity() object {
	return object{"x-kubernetes-int-or-string": true, "anyOf": []any{
		object{"type": "integer"}, object{"type": "string"},
	}, "pattern": `^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$`}
}

func resources() object {
	return object{"type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": object{
		"limits":   object{"type": "object", "additionalProperties": quantity()},
		"requests": object{"type": "object", "additionalProperties": quantity()},
	}}
}

// boundedResources is resources with the limits that validation rules need to be cheap enough.
func boundedResources() object {
	q := quantity()
	q["maxLength"] = 40
	s := anyObject()
	s["properties"] = object{"requests": object{"type": "object", "maxProperties": 8, "additionalProperties": q}}
	return s
}

// claim says as much of a PersistentVolumeClaimSpec as our validation rules read.
func claim() object {
	s := anyObject()
	s["properties"] = object{
		"accessModes":      object{"type": "array", "items": object{"type": "string", "maxLength": 32}, "maxItems": 8},
		"storageClassName": object{"type": "string", "maxLength": 253},
		"resources":        boundedResources(),
	}
	return s
}

// podsOrPercent is a number of pods or a percentage; the generator has no marker for patterns of such values.
func podsOrPercent() object {
	return object{
		"x-kubernetes-int-or-string": true,
		"anyOf":                      []any{object{"type": "integer"}, object{"type": "string"}},
		"pattern":                    "^[0-9]+%?$",
		"x-kubernetes-validations": []any{object{
			"rule": "type(self) != int || self >= 0", "message": "maxUnavailable must not be negative",
		}},
	}
}

func namedList() object {
	item := anyObject()
	item["properties"] = object{"name": object{"type": "string", "minLength": 1}}
	item["required"] = []any{"name"}
	return object{"type": "array", "items": item}
}
