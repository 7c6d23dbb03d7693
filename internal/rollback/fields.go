package rollback

import (
	"slices"
	"strings"
)

// options are the fields of a ring, and of each of its datacenters, that go back whole. config, the version with its images, racks and
// extraVolumes have rules of their own.
var options = []string{
	"resources", "tolerations", "mgmtAPIHeap", "telemetry", "softPodAntiAffinity", "podSecurityContext", "readOnlyRootFilesystem",
	"serviceAccount", "podPriorityClassName",
}

// placement are the fields of a rack that go back: where its pods may run. The racks themselves stay.
var placement = []string{"zone", "nodeAffinityLabels", "affinity"}

// stayingSettings of cassandra.yaml stay as they are: they decide where data is and in which format, which tokens a node has, who may do
// what, what is encrypted, or where nodes listen.
var stayingSettings = []string{
	"cluster_name", "num_tokens", "initial_token", "partitioner", "auto_bootstrap", "endpoint_snitch", "seed_provider", "hints_directory",
	"saved_caches_directory", "commitlog_directory", "storage_compatibility_mode", "sstable", "sstable_format",
	"default_keyspace_rf", "minimum_replication_factor_fail_threshold", "incremental_backups",
	"auto_hints_cleanup_enabled", "hinted_handoff_enabled", "hinted_handoff_disabled_datacenters", "max_hint_window", "max_hint_window_in_ms",
	"disk_failure_policy", "commit_failure_policy", "crypto_provider", "startup_checks", "start_native_transport",
	"alter_table_enabled", "bulk_load_enabled", "dcl_enabled", "ddl_enabled", "materialized_views_enabled", "enable_materialized_views",
	"simplestrategy_enabled", "user_timestamps_enabled",
}

// stayingWords are what further settings that stay have in their names.
var stayingWords = []string{
	"drop_", "truncate_table", "uuid_sstable", "sstable_upgrade", "snapshot", "allocate_tokens", "data_file", "local_system_data", "commitlog_sync",
	"cdc", "paxos", "transient_replication", // what has been written, and by whom it is seen
	"auth", "role_manager", "password", "cidr", "encryption", "masking", "audit_log", "full_query_log", // who may do and see what, and what is noted of it
	"user_defined_functions", "user_function", "udf", "trigger", "allow", "jmx", "_port", "_address", "_interface", // doors
}

// stays tells whether a setting of cassandra.yaml stays as it is.
func stays(setting string) bool {
	return slices.Contains(stayingSettings, setting) || hasAny(setting, stayingWords)
}

func hasAny(text string, parts []string) bool {
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(text, part) })
}

// jvmStays tells whether a named option of the JVM stays: it opens a port to others, loads code, or decides about members or data.
func jvmStays(option string) bool {
	return strings.HasPrefix(option, "jmx_") || slices.Contains([]string{
		"debug_listen_remote_debuggers", "jdk_allow_attach_self", "cassandra_write_survey", "cassandra_triggers_directory", "cassandra_ring_delay_ms",
		"cassandra_max_hint_ttl_seconds", "cassandra_expiration_date_overflow_policy", "cassandra_disable_auth_caches_remote_configuration",
	}, option)
}

// stayingLines are how lines of JVM options begin that load code, run commands, read further options, or open a port.
var stayingLines = []string{
	"-agent", "-javaagent", "-Xrun", "-Xdebug", "-Xbootclasspath", "--patch-module", "-XX:On", "-XX:Flags=", "-XX:VMOptionsFile=", "@",
	"-XX:+DisableAttachMechanism", "-XX:-DisableAttachMechanism", "-Djdk.attach.", "-Djdk.tls.", "-Dcom.sun.management.", "-Djava.rmi.", "-Djava.security.", "-Djavax.",
}

// lineStays tells whether a line of JVM options stays: system properties of Cassandra that decide about tokens, members, data and formats,
// and what opens a door.
func lineStays(line string) bool {
	line = strings.TrimSpace(line)
	if slices.ContainsFunc(stayingLines, func(start string) bool { return strings.HasPrefix(line, start) }) {
		return true
	}
	property, is := strings.CutPrefix(line, "-Dcassandra.")
	return is && hasAny(property, []string{
		"replace_", "token", "partitioner", "join_ring", "bootstrap", "survey", "unsafe", "override_decommission", "load_ring_state", "storagedir", "dir",
		"consistent", "ignore", "config", "cluster", "datacenter", "rack", "jmx", "auth", "superuser", "replay", "commitlog", "format", "compatib",
		"hint", "Hint", "drop", "truncate", "skip", "corrupt", "allow", "trigger", "expiration", "ring_delay", "port", "custom_",
	})
}
