package cassandra

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Profiles of defaults for what the user didn't set.
const (
	ProfileProduction = ""      // Cassandra's own defaults
	ProfileSmall      = "small" // several nodes on one machine: little memory, quick starts; never for production
)

// IdleSections are those of the document that have no effect: they are for other versions of Cassandra and Java, or for other
// programs.
var IdleSections = []string{"jvm-options", "jvm8-server-options", "jvm21-server-options", "sidecar-yaml"}

// sections are those of the document that have an effect.
var sections = []string{
	"cluster-info", "datacenter-info", "cassandra-yaml", BaseSection, "jvm-server-options", "jvm11-server-options", "jvm17-server-options", "pod-overrides", "cassandra-env-sh",
}

// IsSection tells whether the document may have a section, with or without an effect.
func IsSection(name string) bool {
	return slices.Contains(sections, name) || slices.Contains(IdleSections, name)
}

// Input is what the user wants of a node's configuration: the CONFIG_FILE_DATA
// document of cass-operator.
type Input struct {
	ClusterName    string
	DatacenterName string
	SeedNames      []string // host names or addresses of cluster-info.seeds
	CassandraYAML  map[string]any
	PerNode        map[string]any // keys of cassandra.yaml of this node alone, over the others
	JVM            map[string]any // jvm-server-options, and those of the Java version over them
	ExtraJVM       []string       // additional options, as given
	Profile        string
	Base           string // the base configuration's name; "" is none
	Version        string // of Cassandra; it chooses among the files of the base's name
}

// ParseInput reads CONFIG_FILE_DATA for one pod on Java 17. A section that it
// doesn't know is an error that names it: nothing is silently dropped.
func ParseInput(data []byte, pod string) (Input, error) {
	var doc map[string]json.RawMessage
	if err := json.Unmarshal(data, &doc); err != nil {
		return Input{}, fmt.Errorf("CONFIG_FILE_DATA: %w", err)
	}
	in := Input{CassandraYAML: map[string]any{}, JVM: map[string]any{}}
	if err := in.apply(doc); err != nil {
		return in, err
	}
	overrides := map[string]map[string]json.RawMessage{}
	if raw, ok := doc["pod-overrides"]; ok {
		if err := json.Unmarshal(raw, &overrides); err != nil {
			return in, fmt.Errorf("CONFIG_FILE_DATA: pod-overrides: %w", err)
		}
	}
	if err := in.apply(overrides[pod]); err != nil {
		return in, fmt.Errorf("pod-overrides of %s: %w", pod, err)
	}
	return in, nil
}

func (in *Input) apply(doc map[string]json.RawMessage) error {
	for _, section := range sectionOrder(doc) {
		if err := in.section(section, doc[section]); err != nil {
			return fmt.Errorf("CONFIG_FILE_DATA: %s: %w", section, err)
		}
	}
	return nil
}

// sectionOrder puts the options of the Java version behind the general ones.
func sectionOrder(doc map[string]json.RawMessage) []string {
	return slices.Sorted(maps.Keys(doc)) // "jvm-server-options" < "jvm11-…" < "jvm17-…"
}

func (in *Input) section(name string, raw json.RawMessage) error {
	switch name {
	case "cluster-info":
		var v struct{ Name, Seeds string }
		if err := json.Unmarshal(raw, &v); err != nil {
			return err
		}
		in.ClusterName = v.Name
		for s := range strings.SplitSeq(v.Seeds, ",") {
			if s = strings.TrimSpace(s); s != "" {
				in.SeedNames = append(in.SeedNames, s)
			}
		}
	case "datacenter-info":
		var v struct {
			Name string `json:"name"`
		}
		if err := json.Unmarshal(raw, &v); err != nil {
			return err
		}
		in.DatacenterName = v.Name
	case "cassandra-yaml":
		return merge(in.CassandraYAML, raw)
	case BaseSection:
		return json.Unmarshal(raw, &in.Base)
	case "jvm-server-options", "jvm11-server-options", "jvm17-server-options":
		return in.options(raw)
	case "pod-overrides":
		return nil // applied by the caller
	case "cassandra-env-sh":
		return in.environment(raw)
	default:
		if !slices.Contains(IdleSections, name) {
			return errors.New("is not a section that this agent knows")
		}
	}
	return nil
}

// options lays a section's options over those before it; arguments that are
// given as they are come one after another.
func (in *Input) options(raw json.RawMessage) error {
	before, _ := in.JVM[listKey].([]any)
	delete(in.JVM, listKey)
	if err := merge(in.JVM, raw); err != nil {
		return err
	}
	switch own := in.JVM[listKey].(type) {
	case nil:
		if before != nil {
			in.JVM[listKey] = before
		}
	case []any:
		in.JVM[listKey] = slices.Concat(before, own)
	default:
		return fmt.Errorf("%s is not a list", listKey)
	}
	return nil
}

func (in *Input) environment(raw json.RawMessage) error {
	var v map[string]json.RawMessage
	if err := json.Unmarshal(raw, &v); err != nil {
		return err
	}
	for key, value := range v {
		switch key {
		case "additional-jvm-opts":
			var list []string
			if err := json.Unmarshal(value, &list); err != nil {
				return fmt.Errorf("additional-jvm-opts: %w", err)
			}
			in.ExtraJVM = append(in.ExtraJVM, list...)
		case "malloc-arena-max", "heap-dump-dir":
			in.JVM[key] = strings.Trim(string(value), `"`)
		default:
			return fmt.Errorf("%s is not a key that this agent knows", key)
		}
	}
	return nil
}

// merge lays a JSON object over a map, deeply.
func merge(into map[string]any, raw json.RawMessage) error {
	decoder := json.NewDecoder(strings.NewReader(string(raw)))
	decoder.UseNumber() // 16 must stay 16, and not become 1.6e+01
	var from map[string]any
	if err := decoder.Decode(&from); err != nil {
		return err
	}
	mergeMaps(into, from)
	return nil
}

func mergeMaps(into, from map[string]any) {
	for k, v := range from {
		if deeper, ok := v.(map[string]any); ok {
			if there, ok := into[k].(map[string]any); ok {
				mergeMaps(there, deeper)
				continue
			}
		}
		into[k] = v
	}
}
