package cassandra

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// The options of jvm-server-options and jvm11/17-server-options, by the names
// that K8ssandra's config builders give them. %v is the value.
var (
	// sizes are amounts of memory, as Kubernetes or as Java writes them.
	sizes = map[string]string{
		"initial_heap_size": "-Xms%v", "max_heap_size": "-Xmx%v", "heap_size_young_generation": "-Xmn%v", "per_thread_stack_size": "-Xss%v",
		"max_direct_memory": "-XX:MaxDirectMemorySize=%v", "string_table_size": "-XX:StringTableSize=%v",
	}
	// values are passed on as they are.
	values = map[string]string{
		"max_gc_pause_millis": "-XX:MaxGCPauseMillis=%v", "initiating_heap_occupancy_percent": "-XX:InitiatingHeapOccupancyPercent=%v",
		"g1r_set_updating_pause_time_percent": "-XX:G1RSetUpdatingPauseTimePercent=%v", "parallel_gc_threads": "-XX:ParallelGCThreads=%v",
		"conc_gc_threads": "-XX:ConcGCThreads=%v", "heap-dump-dir": "-XX:HeapDumpPath=%v",
		"guaranteed-safepoint-interval": "-XX:+UnlockDiagnosticVMOptions -XX:GuaranteedSafepointInterval=%v",
		"java_net_prefer_ipv4_stack":    "-Djava.net.preferIPv4Stack=%v", "page-align-direct-memory": "-Dsun.nio.PageAlignDirectMemory=%v",
		"jdk_nio_maxcachedbuffersize": "-Djdk.nio.maxCachedBufferSize=%v", "jdk_attach_allow_attach_self": "-Djdk.attach.allowAttachSelf=%v",
		"io_netty_eventloop_maxpendingtasks": "-Dio.netty.eventLoop.maxPendingTasks=%v", "io_netty_try_reflection_set_accessible": "-Dio.netty.tryReflectionSetAccessible=%v",
		"print_heap_histogram_on_out_of_memory_error": "-Dcassandra.printHeapHistogramOnOutOfMemoryError=%v", "jmx-port": "-Dcassandra.jmx.local.port=%v",
		"cassandra_available_processors": "-Dcassandra.available_processors=%v", "cassandra_initial_token": "-Dcassandra.initial_token=%v",
		"cassandra_join_ring": "-Dcassandra.join_ring=%v", "cassandra_load_ring_state": "-Dcassandra.load_ring_state=%v",
		"cassandra_metrics_reporter_config_file": "-Dcassandra.metricsReporterConfigFile=%v", "cassandra_replace_address": "-Dcassandra.replace_address=%v",
		"cassandra_replay_list": "-Dcassandra.replayList=%v", "cassandra_ring_delay_ms": "-Dcassandra.ring_delay_ms=%v",
		"cassandra_triggers_dir": "-Dcassandra.triggers_dir=%v", "cassandra_write_survey": "-Dcassandra.write_survey=%v",
		"cassandra_disable_auth_caches_remote_configuration": "-Dcassandra.disable_auth_caches_remote_configuration=%v",
		"cassandra_force_default_indexing_page_size":         "-Dcassandra.force_default_indexing_page_size=%v",
		"cassandra_max_hint_ttl":                             "-Dcassandra.maxHintTTL=%v", "cassandra_expiration_date_overflow_policy": "-Dcassandra.expiration_date_overflow_policy=%v",
	}
	// switches are what true and false mean; an empty flag is the JVM's default.
	switches = map[string][2]string{
		"enable_assertions": {"-ea", "-da"}, "always_pre_touch": {"-XX:+AlwaysPreTouch", "-XX:-AlwaysPreTouch"}, "use_tlb": {"-XX:+UseTLAB", "-XX:-UseTLAB"},
		"resize_tlb": {"-XX:+ResizeTLAB", "-XX:-ResizeTLAB"}, "use_numa": {"-XX:+UseNUMA", "-XX:-UseNUMA"},
		"use_thread_priorities":            {"-XX:+UseThreadPriorities", "-XX:-UseThreadPriorities"},
		"perf_disable_shared_mem":          {"-XX:+PerfDisableSharedMem", "-XX:-PerfDisableSharedMem"},
		"heap_dump_on_out_of_memory_error": {"-XX:+HeapDumpOnOutOfMemoryError", "-XX:-HeapDumpOnOutOfMemoryError"},
		"exit_on_out_of_memory_error":      {"-XX:+ExitOnOutOfMemoryError", "-XX:-ExitOnOutOfMemoryError"},
		"crash_on_out_of_memory_error":     {"-XX:+CrashOnOutOfMemoryError", "-XX:-CrashOnOutOfMemoryError"},
		"preserve-frame-pointer":           {"-XX:+PreserveFramePointer", "-XX:-PreserveFramePointer"},
		"unlock-diagnostic-vm-options":     {"-XX:+UnlockDiagnosticVMOptions", ""},
		"debug-non-safepoints":             {"-XX:+UnlockDiagnosticVMOptions -XX:+DebugNonSafepoints", ""},
		"log_compilation":                  {"-XX:+UnlockDiagnosticVMOptions -XX:+LogCompilation", ""},
		"agent_lib_jdwp":                   {"-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,address=1414", ""},
		// The upstream names say the contrary of what true does.
		"use-biased-locking": {"-XX:-UseBiasedLocking", ""}, "restrict-contended": {"-XX:-RestrictContended", ""},
	}
	collectors = map[string]string{
		"G1GC": "-XX:+UseG1GC", "ZGC": "-XX:+UseZGC", "Shenandoah": "-XX:+UseShenandoahGC", "SerialGC": "-XX:+UseSerialGC", "Custom": "",
	}
)

// listKey holds arguments as they are; environmentKey is not the JVM's.
const (
	listKey        = "additional-jvm-opts"
	environmentKey = "malloc-arena-max"
)

var quantity = regexp.MustCompile(`^(\d+)([KMGT])i$`)

// size turns Kubernetes' 512Mi into Java's 512M: both mean 2^20 bytes each.
func size(v any) string { return quantity.ReplaceAllString(fmt.Sprint(v), "$1$2") }

// flagsOf are one option's flags, and whether the option is known.
func flagsOf(key string, value any) ([]string, bool) {
	text := fmt.Sprint(value)
	if value == nil {
		return nil, true // null asks for the default
	}
	if pattern, ok := sizes[key]; ok {
		return fill(pattern, size(value)), true
	}
	if pattern, ok := values[key]; ok {
		return fill(pattern, text), true
	}
	if pattern, ok := collectors[text]; ok && key == "garbage_collector" {
		return fill(pattern, ""), true
	}
	if pair, ok := switches[key]; ok && (text == "true" || text == "false") {
		return fill(pair[map[string]int{"false": 1}[text]], ""), true
	}
	return nil, key == environmentKey || key == "jmx-connection-type" && text == "local-no-auth"
}

// fill makes the flags of a pattern; the value may hold blanks.
func fill(pattern, value string) (flags []string) {
	for f := range strings.FieldsSeq(pattern) {
		flags = append(flags, strings.Replace(f, "%v", value, 1))
	}
	return flags
}

// optionFlags turns the user's options into flags, in a stable order; arguments
// that are given as they are come last and win.
func optionFlags(jvm map[string]any) (flags []string) {
	for _, key := range slices.Sorted(maps.Keys(jvm)) {
		all, _ := flagsOf(key, jvm[key]) // unknown ones were refused before
		flags = append(flags, all...)
	}
	list, _ := jvm[listKey].([]any)
	for _, o := range list {
		flags = append(flags, fmt.Sprint(o))
	}
	return flags
}

// UnknownOptions lists the JVM options, and values of options, that can't be
// followed on Java 17.
func UnknownOptions(jvm map[string]any) (unknown []string) {
	for _, key := range slices.Sorted(maps.Keys(jvm)) {
		if _, known := flagsOf(key, jvm[key]); known || key == listKey {
			continue
		}
		unknown = append(unknown, fmt.Sprintf("%s: %v", key, jvm[key]))
	}
	return unknown
}

// Environment is what the JVM's process needs besides the container's own.
// Without a bound, each thread's allocations may take 64 MB of addresses;
// cassandra-env.sh of Cassandra sets the same.
func (in Input) Environment() []string {
	arenas := in.JVM[environmentKey]
	if arenas == nil {
		arenas = 4
	}
	return []string{fmt.Sprintf("MALLOC_ARENA_MAX=%v", arenas)}
}
