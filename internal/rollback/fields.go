package rollback

import "strings"

// options are the fields of a ring, and of each of its datacenters, that go back whole. config, the version with its images, racks and
// extraVolumes have rules of their own.
var options = []string{
	"networking", "resources", "tolerations", "mgmtAPIHeap", "telemetry", "softPodAntiAffinity", "podSecurityContext", "readOnlyRootFilesystem",
	"serviceAccount", "podPriorityClassName",
}

// placement are the fields of a rack that go back: where its pods may run. The racks themselves stay.
var placement = []string{"zone", "nodeAffinityLabels", "affinity"}

// stays tells whether a setting of cassandra.yaml stays as it is: it decides where data is and in which format, which tokens a node has,
// who may log in, or what is encrypted.
func stays(setting string) bool {
	switch setting {
	case "cluster_name", "num_tokens", "initial_token", "partitioner", "auto_bootstrap", "endpoint_snitch", "seed_provider", "hints_directory",
		"saved_caches_directory", "commitlog_directory", "cdc_raw_directory", "storage_compatibility_mode", "sstable", "sstable_format",
		"default_keyspace_rf", "minimum_replication_factor_fail_threshold", "incremental_backups",
		"auto_hints_cleanup_enabled", "hinted_handoff_enabled", "hinted_handoff_disabled_datacenters", "max_hint_window", "max_hint_window_in_ms",
		"disk_failure_policy", "commit_failure_policy", "crypto_provider":
		return true
	}
	for _, part := range []string{"drop_", "truncate_table", "uuid_sstable", "snapshot", "allocate_tokens", "data_file", "local_system_data", "commitlog_sync", "periodic_commitlog_sync", "authenticat", "authoriz", "role_manager", "encryption"} {
		if strings.Contains(setting, part) {
			return true
		}
	}
	return false
}

// jvmStays tells whether a named option of the JVM stays: it opens a port to others, or decides whether a node is a member.
func jvmStays(option string) bool {
	return strings.HasPrefix(option, "jmx_") || option == "debug_listen_remote_debuggers" || option == "cassandra_write_survey"
}

// lineStays tells whether a line of JVM options stays: system properties of Cassandra that decide about tokens, members, data and formats,
// and what opens a port.
func lineStays(line string) bool {
	line = strings.TrimSpace(line)
	if strings.HasPrefix(line, "-Dcom.sun.management.jmxremote") || strings.HasPrefix(line, "-agentlib:") || strings.HasPrefix(line, "-Xrunjdwp") {
		return true
	}
	property, is := strings.CutPrefix(line, "-Dcassandra.")
	if !is {
		return false
	}
	for _, part := range []string{
		"replace_", "token", "partitioner", "join_ring", "bootstrap", "survey", "unsafe", "override_decommission", "load_ring_state", "storagedir", "dir",
		"consistent", "ignore", "config", "cluster", "datacenter", "rack", "jmx", "auth", "superuser", "replay", "commitlog", "format", "compatib",
		"hint", "drop", "truncate", "skip", "corrupt", "allow",
	} {
		if strings.Contains(property, part) {
			return true
		}
	}
	return false
}
