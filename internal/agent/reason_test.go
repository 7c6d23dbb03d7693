package agent

import (
	"strings"
	"testing"
)

// The logs are Cassandra 5.0.9's, shortened.
func TestReason(t *testing.T) {
	for _, test := range []struct{ why, log, want string }{
		{"a key that it doesn't know", `INFO  [main] 2026-11-23 21:46:56,542 YamlConfigurationLoader.java:103 - Configuration location: file:/config/cassandra.yaml
Exception (org.apache.cassandra.exceptions.ConfigurationException) encountered during startup: Invalid yaml. Please remove properties [no_such_key] from your cassandra.yaml
ERROR [main] 2026-11-23 21:46:56,696 CassandraDaemon.java:887 - Exception encountered during startup: Invalid yaml. Please remove properties [no_such_key] from your cassandra.yaml
org.apache.cassandra.exceptions.ConfigurationException: Invalid yaml. Please remove properties [no_such_key] from your cassandra.yaml
	at org.apache.cassandra.config.YamlConfigurationLoader$PropertiesChecker.check(YamlConfigurationLoader.java:443)`,
			"Invalid yaml. Please remove properties [no_such_key] from your cassandra.yaml"},
		{"a key that it doesn't know, before the log is set up", "Exception (org.apache.cassandra.exceptions.ConfigurationException) encountered during startup: Invalid yaml. Please remove properties [x]",
			"Invalid yaml. Please remove properties [x]"},
		{"a value that is none: the key and the unit", `ERROR [main] 2026-11-23 21:46:56,696 CassandraDaemon.java:887 - Exception encountered during startup
org.apache.cassandra.exceptions.ConfigurationException: Invalid yaml: file:/config/cassandra.yaml
	at org.apache.cassandra.config.YamlConfigurationLoader.loadConfig(YamlConfigurationLoader.java:148)
Caused by: org.yaml.snakeyaml.constructor.ConstructorException: Cannot create property=commitlog_segment_size for JavaBean=org.apache.cassandra.config.Config@b7838a9
 in 'reader', line 1, column 1:
Caused by: org.yaml.snakeyaml.constructor.ConstructorException: Can't construct a java object for scalar tag:yaml.org,2002:str; exception=null
Caused by: java.lang.reflect.InvocationTargetException: null
Caused by: java.lang.IllegalArgumentException: Invalid data storage: 5 apples Accepted units:[MEBIBYTES, GIBIBYTES] where case matters and only non-negative values are accepted
	... 28 common frames omitted`,
			"Invalid yaml: file:/config/cassandra.yaml: Cannot create property=commitlog_segment_size: Invalid data storage: 5 apples Accepted units:[MEBIBYTES, GIBIBYTES] where case matters and only non-negative values are accepted"},
		{"what follows an error isn't its cause", `Cannot change the number of tokens from 2 to 4
Fatal configuration error; unable to start server.  See log for stacktrace.
ERROR [main] 2026-11-23 21:47:08,841 CassandraDaemon.java:887 - Fatal configuration error
org.apache.cassandra.exceptions.ConfigurationException: Cannot change the number of tokens from 2 to 4
	at org.apache.cassandra.service.StorageService.joinTokenRing(StorageService.java:1314)
WARN  [StorageServiceShutdownHook] 2026-11-23 21:45:55,411 Gossiper.java:2300 - No local state
java.lang.RuntimeException: something else`,
			"Cannot change the number of tokens from 2 to 4"},
		{"an error in one line", "ERROR [main] 2026-11-23 21:47:01,662 CassandraDaemon.java:887 - Cannot start node if snitch's data center (dc9) differs from previous data center (dc1). Please fix the snitch configuration",
			"Cannot start node if snitch's data center (dc9) differs from previous data center (dc1). Please fix the snitch configuration"},
		{"the main thread's before another's", `ERROR [main] 2026-11-23 21:47:01,662 CassandraDaemon.java:887 - the cause
ERROR [MutationStage-1] 2026-11-23 21:47:02,662 X.java:1 - a consequence`, "the cause"},
		{"another's alone", "ERROR [COMMIT-LOG-ALLOCATOR] 2026-11-23 21:47:02,662 JVMStabilityInspector.java:1 - Exiting due to error while processing commit log during initialization.", "Exiting due to error while processing commit log during initialization."},
		{"the virtual machine's own", "OpenJDK 64-Bit Server VM warning: x\nError occurred during initialization of VM\nCould not reserve enough space for 966367641600KB object heap", "Could not reserve enough space for 966367641600KB object heap"},
		{"an option that isn't", "Unrecognized VM option 'UseConcMarkSweepGC'\nError: Could not create the Java Virtual Machine.\nError: A fatal exception has occurred. Program will exit.", "Unrecognized VM option 'UseConcMarkSweepGC'"},
		{"memory runs out", "INFO  [x] 2026-11-23 21:47:02,662 X.java:1 - fine\nTerminating due to java.lang.OutOfMemoryError: Java heap space", "Terminating due to java.lang.OutOfMemoryError: Java heap space"},
		{"the launcher itself", "Exception in thread \"main\" java.net.BindException: Address already in use\n\tat java.base/sun.nio.ch.Net.bind0(Native Method)", "Address already in use"},
		{"nothing", "INFO  [main] 2026-11-23 21:47:02,662 X.java:1 - fine", ""},
	} {
		if got := reason(strings.Split(test.log, "\n")); got != test.want {
			t.Errorf("%s:\n got %s\nwant %s", test.why, got, test.want)
		}
	}
}
