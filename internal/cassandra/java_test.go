package cassandra

import (
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// Every flag that an option can become is one that Java 17 takes.
func TestJavaTakesEveryOption(t *testing.T) {
	java, err := exec.LookPath("java")
	if err != nil {
		t.Fatal("the tests need Java 17: ", err)
	}
	var flags []string
	for key, pattern := range sizes {
		value := map[string]string{"per_thread_stack_size": "512k", "string_table_size": "1000003", "initial_heap_size": "64Mi", "heap_size_young_generation": "16Mi"}[key]
		if value == "" {
			value = "128Mi"
		}
		flags = append(flags, fill(pattern, size(value))...)
	}
	for key, pattern := range values {
		if key == "heap-dump-dir" {
			continue
		}
		flags = append(flags, fill(pattern, "1")...)
	}
	for _, pair := range switches {
		if !strings.Contains(pair[0], "jdwp") { // it would listen
			flags = append(flags, fill(pair[0], "")...)
			flags = append(flags, fill(pair[1], "")...)
		}
	}
	for _, collector := range slices.Sorted(maps.Keys(collectors)) {
		cmd := exec.Command(java, slices.Concat(fill(collectors[collector], ""), flags, []string{"-version"})...)
		cmd.Dir = t.TempDir() // some leave a log
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("with %s: %v\n%s", collector, err, out)
		}
	}
}

func TestProfilesDifferOnlyInDefaults(t *testing.T) {
	small := JVMFlags(Input{Profile: ProfileSmall}, Node{}, StartOptions{})
	production := JVMFlags(Input{}, Node{}, StartOptions{})
	for _, f := range []string{"-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx320m"} {
		if !slices.Contains(small, f) || slices.Contains(production, f) {
			t.Errorf("%s: small %t, production %t", f, slices.Contains(small, f), slices.Contains(production, f))
		}
	}
	for _, all := range [][]string{small, production} {
		if !slices.Contains(all, "-Dcassandra.superuser_setup_delay_ms=2147483000") {
			t.Error("the default superuser would be made")
		}
	}
}
