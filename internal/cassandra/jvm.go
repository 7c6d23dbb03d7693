package cassandra

// MainClass is the launcher's (see package java).
const MainClass = "ringspan.Launch"

// StartOptions are what differs from start to start.
type StartOptions struct {
	FirstBoot      bool // of a ring or datacenter: nobody's data can be in doubt
	ReplaceAddress string
	Archive        string // class-data archive; optional
}

// Modules that Cassandra 5.0 opens and exports on Java 17 (its
// jvm17-server.options and bin/cassandra).
var (
	exports = []string{
		"java.base/jdk.internal.misc", "java.management.rmi/com.sun.jmx.remote.internal.rmi", "java.management/com.sun.jmx.remote.security",
		"java.rmi/sun.rmi.registry", "java.rmi/sun.rmi.server", "java.sql/java.sql", "java.base/java.lang.ref", "jdk.unsupported/sun.misc",
		"jdk.attach/sun.tools.attach", "jdk.compiler/com.sun.tools.javac.file",
	}
	opens = []string{
		"java.base/java.lang.module", "java.base/jdk.internal.loader", "java.base/jdk.internal.ref", "java.base/jdk.internal.reflect",
		"java.base/jdk.internal.math", "java.base/jdk.internal.module", "java.base/jdk.internal.util.jar", "java.base/sun.nio.ch",
		"java.base/java.io", "java.base/java.lang.reflect", "java.base/java.lang", "java.base/java.util", "java.base/java.nio",
		"jdk.management/com.sun.management.internal", "jdk.compiler/com.sun.tools.javac",
	}
)

// JVMFlags are the JVM's arguments, without class path and main class. The
// default superuser `cassandra` is never made: its set-up is put off for ever.
func JVMFlags(in Input, n Node, o StartOptions) []string {
	flags := []string{"-Djdk.attach.allowAttachSelf=true"}
	for _, e := range exports {
		flags = append(flags, "--add-exports", e+"=ALL-UNNAMED")
	}
	for _, e := range opens {
		flags = append(flags, "--add-opens", e+"=ALL-UNNAMED")
	}
	flags = append(flags,
		"-Dio.netty.tryReflectionSetAccessible=true", "-Dio.netty.allocator.useCacheForAllThreads=true", "-Dio.netty.allocator.maxOrder=11",
		stackFlag(n.Address), "-Dchronicle.analytics.disable=true", "-XX:+PerfDisableSharedMem",
		"-Dcassandra.config=file://"+n.ConfigDir+"/cassandra.yaml", "-Dcassandra-rackdc.properties=file://"+n.ConfigDir+"/cassandra-rackdc.properties",
		"-Dlogback.configurationFile=file:"+n.ConfigDir+"/logback.xml", "-Dcassandra.storagedir="+n.DataDir, "-Dcassandra.logdir="+n.LogDir,
		"-Dcassandra-foreground=yes", "-Dcassandra.jmx.local.port=7199", "-Dcassandra.superuser_setup_delay_ms=2147483000",
		"-Dcassandra.allow_alter_rf_during_range_movement=true",
	)
	if o.FirstBoot {
		flags = append(flags, "-Dcassandra.ring_delay_ms=5000", "-Dcassandra.skip_wait_for_gossip_to_settle=0")
	}
	if o.ReplaceAddress != "" {
		flags = append(flags, "-Dcassandra.replace_address_first_boot="+o.ReplaceAddress)
	}
	if o.Archive != "" {
		flags = append(flags, "-Xshare:auto", "-XX:SharedArchiveFile="+o.Archive)
	}
	flags = append(flags, profileFlags(in)...)
	return append(flags, UserFlags(in)...)
}

// stackFlag keeps the JVM to the family of addresses that the pod has.
func stackFlag(address string) string {
	if isIPv6(address) {
		return "-Djava.net.preferIPv6Addresses=true"
	}
	return "-Djava.net.preferIPv4Stack=true"
}

// UserFlags are those of the JVM's arguments that the configuration asks for. They come last and win.
func UserFlags(in Input) []string { return append(optionFlags(in.JVM), in.ExtraJVM...) }

// profileFlags are the defaults of memory, garbage collection and compilation;
// what the user sets comes behind them and wins.
func profileFlags(in Input) []string {
	if in.Profile == ProfileSmall {
		flags := []string{"-Xss384k", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-Dcassandra.gossip_settle_min_wait_ms=1000"} // 5000 is for rings of hundreds
		if in.JVM["max_heap_size"] == nil {
			flags = append(flags, "-Xmx320m")
		}
		if in.JVM["initial_heap_size"] == nil && in.JVM["max_heap_size"] == nil {
			flags = append(flags, "-Xms320m")
		}
		if in.JVM["garbage_collector"] == nil {
			flags = append(flags, "-XX:+UseSerialGC")
		}
		return flags
	}
	flags := []string{"-Xss256k", "-XX:+HeapDumpOnOutOfMemoryError", "-XX:+ExitOnOutOfMemoryError"}
	if gc := in.JVM["garbage_collector"]; gc == nil {
		flags = append(flags, "-XX:+UseG1GC", "-XX:G1HeapRegionSize=16m", "-XX:MaxGCPauseMillis=300", "-XX:InitiatingHeapOccupancyPercent=70")
	}
	return flags
}
