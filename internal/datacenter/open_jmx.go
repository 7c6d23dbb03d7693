package datacenter

import (
	"fmt"
	"strings"
)

// jvmSections of the configuration have JVM options, in the order in which the agent gives them to the JVM: the last one of a
// name holds.
var jvmSections = []string{"jvm-server-options", "jvm11-server-options", "jvm17-server-options", "cassandra-env-sh"}

// openJMX says that the JVM's options let everybody into JMX; empty when they don't.
func (s *State) openJMX() string {
	const option = "-Dcom.sun.management.jmxremote.authenticate="
	last, all := "", s.config()
	for _, name := range jvmSections {
		section, _ := all[name].(map[string]any)
		list, _ := section["additional-jvm-opts"].([]any)
		for _, one := range list {
			if value, is := strings.CutPrefix(fmt.Sprint(one), option); is {
				last = value
			}
		}
	}
	if last == "" || strings.EqualFold(last, "true") { // Java's rule
		return ""
	}
	return fmt.Sprintf("spec.config, %s%s: whoever reaches JMX of a node (port 7199, of its pod, and with hostNetwork of its machine) can do everything to it, without a login", option, last)
}
