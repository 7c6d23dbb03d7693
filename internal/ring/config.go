package ring

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"k8s.io/apimachinery/pkg/api/resource"

	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
)

// jvmNames maps the JVM options of a K8ssandraCluster to cass-operator's
// configuration keys, as far as Java 17 and the agent know them. Options that
// are in neither map have no effect: most are those of older versions.
var jvmNames = map[string]string{
	"heap_initial_size": "initial_heap_size", "heap_max_size": "max_heap_size", "heapNewGenSize": "heap_size_young_generation",

	"gc_g1_max_gc_pause_ms": "max_gc_pause_millis", "gc_g1_initiating_heap_occupancy_percent": "initiating_heap_occupancy_percent",
	"gc_g1_parallel_threads": "parallel_gc_threads", "gc_g1_conc_threads": "conc_gc_threads",
	"gc_g1_rset_updating_pause_time_percent": "g1r_set_updating_pause_time_percent",

	"vm_always_pre_touch": "always_pre_touch", "vm_crash_on_out_of_memory_error": "crash_on_out_of_memory_error",
	"vm_disable_biased_locking": "use-biased-locking", "vm_disable_perf_shared_mem": "perf_disable_shared_mem",
	"vm_enable_assertions": "enable_assertions", "vm_enable_thread_priorities": "use_thread_priorities",
	"vm_exit_on_out_of_memory_error": "exit_on_out_of_memory_error", "vm_guaranteed_safepoint_interval_ms": "guaranteed-safepoint-interval",
	"vm_heap_dump_on_out_of_memory_error": "heap_dump_on_out_of_memory_error", "vm_per_thread_stack_size": "per_thread_stack_size",
	"vm_prefer_ipv4": "java_net_prefer_ipv4_stack", "vm_print_heap_histogram_on_out_of_memory_error": "print_heap_histogram_on_out_of_memory_error",
	"vm_resize_tlab": "resize_tlb", "vm_string_table_size": "string_table_size", "vm_use_numa": "use_numa", "vm_use_tlab": "use_tlb",

	"cassandra_available_processors":                     "cassandra_available_processors",
	"cassandra_disable_auth_caches_remote_configuration": "cassandra_disable_auth_caches_remote_configuration",
	"cassandra_expiration_date_overflow_policy":          "cassandra_expiration_date_overflow_policy",
	"cassandra_force_default_indexing_page_size":         "cassandra_force_default_indexing_page_size",
	"cassandra_max_hint_ttl_seconds":                     "cassandra_max_hint_ttl",
	"cassandra_metrics_reporter_config_file":             "cassandra_metrics_reporter_config_file",
	"cassandra_ring_delay_ms":                            "cassandra_ring_delay_ms",
	"cassandra_triggers_directory":                       "cassandra_triggers_dir",
	"cassandra_write_survey":                             "cassandra_write_survey",

	"jmx_port": "jmx-port", "jmx_connection_type": "jmx-connection-type",

	"debug_disable_contended_annotations": "restrict-contended", "debug_listen_remote_debuggers": "agent_lib_jdwp",
	"debug_log_compilation": "log_compilation", "debug_non_safepoints": "debug-non-safepoints",
	"debug_preserve_frame_pointer": "preserve-frame-pointer", "debug_unlock_diagnostic_vm_options": "unlock-diagnostic-vm-options",

	"jdk_allow_attach_self": "jdk_attach_allow_attach_self", "netty_eventloop_maxpendingtasks": "io_netty_eventloop_maxpendingtasks",
	"netty_try_reflection_set_accessible": "io_netty_try_reflection_set_accessible",
	"nio_align_direct_memory":             "page-align-direct-memory", "nio_maxcachedbuffersize": "jdk_nio_maxcachedbuffersize",
}

// jvmLists are lines that are added as they are.
var jvmLists = []string{"additionalOptions", "additionalJvmServerOptions", "additionalJvm11ServerOptions"}

// collectors that Java 17 has; gc "Custom" leaves the choice to additionalOptions.
var collectors = []string{"G1GC", "ZGC", "Shenandoah", "Custom"}

// configOf is the datacenter's configuration by file.
func configOf(k *api.K8ssandraCluster, o api.DatacenterOptions) (json.RawMessage, error) {
	yaml := map[string]any{"num_tokens": 16}
	if Auth(k) {
		yaml["authenticator"], yaml["authorizer"], yaml["role_manager"] = "PasswordAuthenticator", "CassandraAuthorizer", "CassandraRoleManager"
	} else {
		yaml["authenticator"], yaml["authorizer"] = "AllowAllAuthenticator", "AllowAllAuthorizer"
	}
	doc := map[string]any{"cassandra-yaml": yaml}
	if o.CassandraConfig == nil {
		return json.Marshal(doc)
	}
	overlay(yaml, map[string]any(o.CassandraConfig.CassandraYaml))
	jvm, err := jvmOptions(o.CassandraConfig.JvmOptions)
	if err != nil {
		return nil, err
	}
	if len(jvm) > 0 {
		doc["jvm-server-options"] = jvm
	}
	return json.Marshal(doc)
}

func jvmOptions(options api.JvmOptions) (map[string]any, error) {
	given, err := asMap(options)
	if err != nil {
		return nil, err
	}
	out := map[string]any{}
	var extra []any
	for _, key := range slices.Sorted(maps.Keys(given)) {
		value := given[key]
		switch {
		case key == "heapSize":
			out["initial_heap_size"], out["max_heap_size"] = plain(value), plain(value)
		case key == "gc":
			if slices.Contains(collectors, fmt.Sprint(value)) {
				out["garbage_collector"] = value
			}
		case slices.Contains(jvmLists, key):
			list, _ := value.([]any)
			extra = append(extra, list...)
		case jvmKnown(key, value):
			out[jvmNames[key]] = plain(value)
		}
	}
	if len(extra) > 0 {
		out["additional-jvm-opts"] = extra
	}
	return out, nil
}

// jvmKnown tells whether an option, with its value, has an effect.
func jvmKnown(key string, value any) bool {
	switch key {
	case "heapSize":
		return true
	case "gc":
		return slices.Contains(collectors, fmt.Sprint(value))
	case "jmx_connection_type": // the others need files that the agent doesn't write
		return value == "local-no-auth"
	}
	return jvmNames[key] != "" || slices.Contains(jvmLists, key)
}

func asMap(v any) (map[string]any, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	out := map[string]any{}
	return out, json.Unmarshal(data, &out)
}

// plain turns a quantity into bytes, which the JVM takes without a unit.
func plain(v any) any {
	text, ok := v.(string)
	if !ok {
		return v
	}
	if q, err := resource.ParseQuantity(text); err == nil {
		return strconv.FormatInt(q.Value(), 10)
	}
	return v
}

// NotActedOn lists the fields of a ring that are set and have no effect in this
// version, by path.
func NotActedOn(k *api.K8ssandraCluster) []string {
	spec, err := asMap(k.Spec)
	if err != nil {
		return nil
	}
	set := map[string]bool{}
	note := func(at string, in map[string]any, keys ...string) {
		for _, key := range keys {
			if v, ok := in[key]; ok && !emptyValue(v) {
				set[at+key] = true
			}
		}
	}
	note("spec.", spec, "stargate", "reaper", "medusa")
	if spec["secretsProvider"] == "external" {
		set["spec.secretsProvider"] = true
	}
	c, _ := spec["cassandra"].(map[string]any)
	const at = "spec.cassandra."
	note(at, c, "serverEncryptionStores", "clientEncryptionStores", "datacenterName")
	noteOptions(note, at, c)
	list, _ := c["datacenters"].([]any)
	for i, d := range list {
		m, _ := d.(map[string]any)
		here := fmt.Sprintf("%sdatacenters[%d].", at, i)
		note(here, m, "stargate")
		noteOptions(note, here, m)
	}
	for _, key := range idleAnnotations {
		if k.Annotations[key] != "" {
			set["annotation "+key] = true
		}
	}
	if why := replicationNotActedOn(k); why != "" {
		set[why] = true
	}
	for at, annotations := range podAnnotations(k) {
		if annotations[api.SecretInjectionAnnotation] != "" {
			set[at+" ("+api.SecretInjectionAnnotation+")"] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// idleAnnotations are K8ssandra's that have no effect in this version.
var idleAnnotations = []string{
	api.RebuildSourceDcAnnotation, api.RebuildDcAnnotation, api.AutomatedUpdateAnnotation, api.RefreshAnnotation, api.SecretInjectionAnnotation,
}

// podAnnotations are what a ring asks its pods to be annotated with, by path.
func podAnnotations(k *api.K8ssandraCluster) map[string]map[string]string {
	out := map[string]map[string]string{}
	if k.Spec.Cassandra == nil {
		return out
	}
	out["spec.cassandra.metadata.pods.annotations"] = ringMeta(k).Pods.Annotations
	for i, t := range k.Spec.Cassandra.Datacenters {
		out[fmt.Sprintf("spec.cassandra.datacenters[%d].metadata.pods.annotations", i)] = t.Metadata.Pods.Annotations
	}
	return out
}

func noteOptions(note func(string, map[string]any, ...string), at string, in map[string]any) {
	note(at, in, "telemetry", "cdc", "dseWorkloads", "mgmtAPIHeap", "jmxInitContainerImage", "perNodeConfigInitContainerImage")
	config, _ := in["config"].(map[string]any)
	note(at+"config.", config, "dseYaml")
	jvm, _ := config["jvmOptions"].(map[string]any)
	for key, value := range jvm {
		if !jvmKnown(key, value) {
			note(at+"config.jvmOptions.", jvm, key)
		}
	}
}

func emptyValue(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case map[string]any:
		return len(v) == 0
	case []any:
		return len(v) == 0
	case string:
		return v == ""
	}
	return false
}
