package rollback

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
)

const ring = `
auth: true
secretsProvider: internal
externalDatacenters: [legacy]
cassandra:
  serverVersion: 5.0.9
  superuserSecretRef: {name: admin}
  storageConfig: {cassandraDataVolumeClaimSpec: {resources: {requests: {storage: 10Gi}}}}
  resources: {limits: {cpu: "2", memory: 4Gi}}
  config:
    cassandraYaml: {concurrent_reads: 32, num_tokens: 16, authenticator: PasswordAuthenticator, sstable: {selected_format: big}}
    jvmOptions: {gc: G1GC, heap_max_size: 1Gi, additionalOptions: [-Dcassandra.max_queued=1]}
  racks:
  - {name: r1, nodeAffinityLabels: {zone: a}}
  - {name: r2, nodeAffinityLabels: {zone: b}}
  datacenters:
  - {metadata: {name: dc1}, k8sContext: west, size: 6}
  - {metadata: {name: dc2}, k8sContext: central, size: 6, resources: {limits: {cpu: "3"}}}
`

// spec is the ring's with one part of its text replaced.
func spec(t *testing.T, replace ...string) *api.K8ssandraClusterSpec {
	t.Helper()
	text := ring
	for i := 0; i+1 < len(replace); i += 2 {
		if !strings.Contains(text, replace[i]) {
			t.Fatalf("%q is not in the ring", replace[i])
		}
		text = strings.Replace(text, replace[i], replace[i+1], 1)
	}
	out := &api.K8ssandraClusterSpec{}
	if err := yaml.UnmarshalStrict([]byte(text), out); err != nil {
		t.Fatal(err)
	}
	return out
}

// restored is what Restore makes of a spec. Once more it makes the same of that: else a second undo would edit again.
func restored(t *testing.T, now, good *api.K8ssandraClusterSpec) *api.K8ssandraClusterSpec {
	t.Helper()
	out, err := Restore(now, good)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Restore(out, good)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(plain(out), plain(again)); diff != "" {
		t.Errorf("twice it goes on: %s", diff)
	}
	return out
}

// Twelve kinds of bad edits, each of which goes back whole.
func TestBadEditsGoBack(t *testing.T) {
	const version, resources, dc1 = "  serverVersion: 5.0.9\n", `resources: {limits: {cpu: "2", memory: 4Gi}}`, "{metadata: {name: dc1}, k8sContext: west, size: 6}"
	with := func(field string) []string { return []string{version, version + "  " + field + "\n"} }
	for name, edit := range map[string][]string{
		"a heap larger than the memory":    {"heap_max_size: 1Gi", "heap_max_size: 64Gi"},
		"an image that isn't there":        with("serverImage: nowhere.example/cassandra:none"),
		"an unknown key":                   {"concurrent_reads: 32", "no_such_key: 32"},
		"a value that isn't one":           {"concurrent_reads: 32", "concurrent_reads: many"},
		"more CPU than machines have":      {`cpu: "2"`, `cpu: "512"`},
		"more memory than machines have":   {"memory: 4Gi", "memory: 4Ti"},
		"a probe that never succeeds":      with("containers: [{name: cassandra, readinessProbe: {exec: {command: [/bin/false]}}}]"),
		"an option that the JVM refuses":   {"-Dcassandra.max_queued=1", "-XX:NoSuchOption"},
		"a container that ends":            with("initContainers: [{name: check, image: busybox, command: [/bin/false]}]"),
		"a volume that isn't there":        with("extraVolumes: {volumes: [{name: v, secret: {secretName: none}}]}"),
		"a user that may not read":         with("podSecurityContext: {runAsUser: 1}"),
		"a place that no machine is":       {"{zone: a}", "{zone: nowhere}"},
		"a service account that isn't":     with("serviceAccount: none"),
		"a priority that isn't":            with("podPriorityClassName: none"),
		"a datacenter's own configuration": {dc1, "{metadata: {name: dc1}, k8sContext: west, size: 6, config: {cassandraYaml: {no_such_key: 1}}}"},
		"a configuration that is lost":     {resources, "resources: {limits: {cpu: \"1\"}}"},
	} {
		t.Run(name, func(t *testing.T) {
			good, bad := spec(t), spec(t, edit...)
			before := bad.DeepCopy()
			if diff := cmp.Diff(plain(good), plain(restored(t, bad, good))); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(before, bad); diff != "" {
				t.Errorf("the edit was changed: %s", diff)
			}
			if !same(bad, restored(t, good, bad)) { // and what was taken away comes back as well as what was added goes
				t.Error("the other way round it does not go back")
			}
		})
	}
}

// What has to do with data, members and logins stays as it is now, in both directions.
func TestWhatStays(t *testing.T) {
	const dc1 = "{metadata: {name: dc1}, k8sContext: west, size: 6}"
	for name, edit := range map[string][]string{
		"size":                      {"k8sContext: west, size: 6", "k8sContext: west, size: 9"},
		"a rack more":               {"  datacenters:", "  - {name: r3}\n  datacenters:"},
		"a datacenter more":         {dc1, dc1 + "\n  - {metadata: {name: dc3}, k8sContext: west, size: 6}"},
		"storage":                   {"storage: 10Gi", "storage: 20Gi"},
		"the superuser":             {"{name: admin}", "{name: root}"},
		"authentication":            {"auth: true", "auth: false"},
		"who keeps Secrets":         {"internal", "external"},
		"external datacenters":      {"[legacy]", "[legacy, other]"},
		"tokens":                    {"num_tokens: 16", "num_tokens: 8"},
		"the authenticator":         {"PasswordAuthenticator", "AllowAllAuthenticator"},
		"the format of data":        {"selected_format: big", "selected_format: bti"},
		"durability":                {"concurrent_reads: 32", "concurrent_reads: 32, commitlog_sync: batch, auto_snapshot: false"},
		"where data is":             {"concurrent_reads: 32", "concurrent_reads: 32, data_file_directories: [/elsewhere]"},
		"a stopped datacenter":      {"size: 6}", "size: 6, stopped: true}"},
		"the base configuration":    {"  superuserSecretRef", "  baseConfiguration: cassandra.yaml\n  superuserSecretRef"},
		"seeds":                     {"  superuserSecretRef", "  additionalSeeds: [10.0.0.1]\n  superuserSecretRef"},
		"a rebuild's source":        {"  superuserSecretRef", "  rebuild: {sourceDc: dc1}\n  superuserSecretRef"},
		"a claim more":              {"  superuserSecretRef", "  extraVolumes: {pvcs: [{name: v, mountPath: /v, pvcSpec: {}}]}\n  superuserSecretRef"},
		"annotations of datacenter": {"  superuserSecretRef", "  metadata: {annotations: {cassandra.datastax.com/decommission-on-delete: \"true\"}}\n  superuserSecretRef"},
		"a member's property":       {"-Dcassandra.max_queued=1", "-Dcassandra.max_queued=1, -Dcassandra.replace_address=10.0.0.1"},
		"a survey":                  {"gc: G1GC", "gc: G1GC, cassandra_write_survey: true"},
		"an open port":              {"gc: G1GC", "gc: G1GC, jmx_remote_ssl: true"},
		"encryption":                {"concurrent_reads: 32", "concurrent_reads: 32, client_encryption_options: {enabled: true}"},
		"encryption stores":         {"  superuserSecretRef", "  clientEncryptionStores: {keystoreSecretRef: {name: a}, truststoreSecretRef: {name: b}}\n  superuserSecretRef"},
		"the management API":        {"  superuserSecretRef", "  managementApiAuth: {insecure: {}}\n  superuserSecretRef"},
		"a backup":                  {"auth: true", "auth: true\nmedusa: {}"},
		"what single nodes have":    {"size: 6}", "size: 6, perNodeConfigMapRef: {name: nodes}}"},
		"a protection":              {"concurrent_reads: 32", "concurrent_reads: 32, drop_keyspace_enabled: false"},
		"the network of hosts":      {"  superuserSecretRef", "  networking: {hostNetwork: true}\n  superuserSecretRef"},
		"ports of hosts":            {"size: 6}", "size: 6, networking: {nodePort: {native: 30042}}}"},
		"functions":                 {"concurrent_reads: 32", "concurrent_reads: 32, user_defined_functions_enabled: true, user_defined_functions_threads_enabled: false, allow_insecure_udfs: true, enable_scripted_user_defined_functions: true, user_function_timeout_policy: ignore"},
		"masking":                   {"concurrent_reads: 32", "concurrent_reads: 32, dynamic_data_masking_enabled: true"},
		"who did what":              {"concurrent_reads: 32", "concurrent_reads: 32, audit_logging_options: {enabled: true, audit_logs_dir: /a}, full_query_logging_options: {archive_command: rm}"},
		"old protocols":             {"concurrent_reads: 32", "concurrent_reads: 32, native_transport_allow_older_protocols: false"},
		"what is disallowed":        {"concurrent_reads: 32", "concurrent_reads: 32, write_consistency_levels_disallowed: [ANY]"},
		"JMX of newer versions":     {"concurrent_reads: 32", "concurrent_reads: 32, jmx_server_options: {enabled: true}"},
		"formats that are written":  {"concurrent_reads: 32", "concurrent_reads: 32, automatic_sstable_upgrade: true"},
		"a user who may do all":     {"  superuserSecretRef", "  podSecurityContext: {runAsUser: 0, runAsNonRoot: false}\n  superuserSecretRef"},
		"a port":                    {"concurrent_reads: 32", "concurrent_reads: 32, native_transport_port: 9999"},
		"who checks logins":         {"concurrent_reads: 32", "concurrent_reads: 32, traverse_auth_from_root: true, password_validator: {class_name: c}, cidr_checks_for_superusers: true"},
		"changes that are recorded": {"concurrent_reads: 32", "concurrent_reads: 32, cdc_enabled: true"},
		"transactions' state":       {"concurrent_reads: 32", "concurrent_reads: 32, paxos_state_purging: repaired"},
		"checks at the start":       {"concurrent_reads: 32", "concurrent_reads: 32, startup_checks: {check_data_resurrection: {enabled: true}}"},
		"who may alter tables":      {"concurrent_reads: 32", "concurrent_reads: 32, ddl_enabled: false"},
		"an agent of the JVM":       {"-Dcassandra.max_queued=1", "-Dcassandra.max_queued=1, '-agentpath:/a.so', '-javaagent:/a.jar', -Xrunhprof"},
		"commands of the JVM":       {"-Dcassandra.max_queued=1", "-Dcassandra.max_queued=1, '-XX:OnOutOfMemoryError=rm -rf /var/lib/cassandra', '-XX:Flags=/f', '@/options'"},
		"the JVM's security":        {"-Dcassandra.max_queued=1", "-Dcassandra.max_queued=1, -Dcom.sun.management.config.file=/f, -Djava.security.policy=/f, -Djavax.net.ssl.keyStore=/f, '-XX:+DisableAttachMechanism'"},
		"triggers":                  {"gc: G1GC", "gc: G1GC, cassandra_triggers_directory: /t"},
		"when data expires":         {"gc: G1GC", "gc: G1GC, cassandra_expiration_date_overflow_policy: CAP"},
		"how long hints are kept":   {"gc: G1GC", "gc: G1GC, cassandra_max_hint_ttl_seconds: 1"},
		"the delay of a join":       {"gc: G1GC", "gc: G1GC, cassandra_ring_delay_ms: 0"},
		"an attached program":       {"gc: G1GC", "gc: G1GC, jdk_allow_attach_self: true"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, pair := range [][2]*api.K8ssandraClusterSpec{{spec(t, edit...), spec(t)}, {spec(t), spec(t, edit...)}} {
				now, good := pair[0], pair[1]
				if diff := cmp.Diff(plain(now), plain(restored(t, now, good))); diff != "" {
					t.Error(diff)
				}
				if left := Left(now, good); len(left) == 0 {
					t.Error("nothing is said to be left")
				}
			}
		})
	}
}

// A version goes back only if that makes none lower, wherever it is said; then nothing of the images goes back either.
func TestVersionsAreNeverLowered(t *testing.T) {
	const version = "  serverVersion: 5.0.9\n"
	image := func(tag string) []string {
		return []string{version, version + "  serverImage: registry.example/cassandra:" + tag + "\n"}
	}
	container := func(tag string) []string {
		return []string{version, version + "  containers: [{name: cassandra, image: \"registry.example/cassandra:" + tag + "\"}]\n"}
	}
	for _, c := range []struct {
		why       string
		good, now []string
		goesBack  bool
	}{
		{"a lower version", []string{version, "  serverVersion: 5.0.8\n"}, nil, false},
		{"a higher version", []string{version, "  serverVersion: 5.0.10\n"}, nil, true},
		{"a lower tag", image("5.0.8"), image("5.0.9"), false},
		{"a higher tag", image("5.0.10-ubi"), image("5.0.9"), true},
		{"a tag that says nothing, of one version", image("stable"), image("latest"), true},
		{"a tag below the version", image("4.1.11"), nil, false},
		{"no tag instead of a higher one", nil, image("5.1.0"), false},
		{"a lower tag in a container", container("5.0.8"), container("5.0.9"), false},
		{"no container instead of a higher one", nil, container("5.0.10"), false},
		{"a container instead of nothing", container("5.0.9"), nil, true},
		{"a version that is none", []string{version, "  serverVersion: 5.1-beta1\n"}, nil, false},
		{"a version instead of one that is none", nil, []string{version, "  serverVersion: 5.1-beta1\n"}, false},
		{"a version that has yet to be released", []string{version, "  serverVersion: 5.1.0-beta1\n"}, []string{version, "  serverVersion: 5.1.0\n"}, false},
		{"a snapshot", []string{version, "  serverVersion: 5.0.10-SNAPSHOT\n"}, nil, false},
		{"no version", []string{version, ""}, nil, false},
		{"a version instead of none", nil, []string{version, ""}, false},
		{"a tag of something unreleased", image("5.0.9-rc1"), image("5.0.9"), false},
		{"a tag without a patch", image("5.0"), image("5.0.9"), false},
		{"a number that is too large", []string{version, "  serverVersion: 5.0.99999999999999999999\n"}, nil, false},
		{"a higher tag, which is a date, of a lower version", []string{version, "  serverVersion: 5.0.9\n  serverImage: registry.example/cassandra:2026.11.1\n"},
			[]string{version, "  serverVersion: 5.1.0\n  serverImage: registry.example/cassandra:2026.10.1\n"}, false},
		{"another build of one version", image("5.0.9-ubi"), image("5.0.9"), true},
		{"a lower version of one datacenter", []string{"size: 6, resources", "serverVersion: 5.0.8, size: 6, resources"}, nil, false},
	} {
		now, good := spec(t, c.now...), spec(t, c.good...)
		got := restored(t, now, good)
		want := now
		if c.goesBack {
			want = good
		}
		if diff := cmp.Diff(plain(want), plain(got)); diff != "" {
			t.Errorf("%s: %s", c.why, diff)
		}
	}
}

// Configuration and what stays, in one edit: only the former goes back.
func TestPartOfAnEditGoesBack(t *testing.T) {
	good := spec(t)
	now := spec(t, "size: 6", "size: 9", "storage: 10Gi", "storage: 20Gi", "concurrent_reads: 32, num_tokens: 16", "concurrent_reads: 4096, num_tokens: 8",
		"additionalOptions: [-Dcassandra.max_queued=1]", "additionalOptions: [-XX:NoSuch, -Dcassandra.join_ring=true]")
	want := spec(t, "size: 6", "size: 9", "storage: 10Gi", "storage: 20Gi", "num_tokens: 16", "num_tokens: 8",
		"additionalOptions: [-Dcassandra.max_queued=1]", "additionalOptions: [-Dcassandra.max_queued=1, -Dcassandra.join_ring=true]")
	if diff := cmp.Diff(plain(want), plain(restored(t, now, good))); diff != "" {
		t.Error(diff)
	}
}

// What once did something to data doesn't come back with the configuration: a container with the data's volume, a command of Cassandra's
// own. It goes, when it wasn't there; and it stays as it is now when it was another one.
func TestWhatTouchesDataDoesNotComeBack(t *testing.T) {
	const version = "  serverVersion: 5.0.9\n"
	with := func(field string) []string { return []string{version, version + "  " + field + "\n"} }
	for why, field := range map[string]string{
		"a container that empties the data":   `initContainers: [{name: reset, image: busybox, command: [rm, -rf, /data], volumeMounts: [{name: server-data, mountPath: /data}]}]`,
		"one that writes to a claim":          `containers: [{name: side, image: busybox, volumeMounts: [{name: server-data, mountPath: /data}]}]`,
		"a command in Cassandra's container":  `containers: [{name: cassandra, command: [rm, -rf, /var/lib/cassandra]}]`,
		"a command at the end of Cassandra's": `containers: [{name: cassandra, lifecycle: {preStop: {exec: {command: [rm]}}}}]`,
	} {
		plainRing, touching := spec(t), spec(t, with(field)...)
		got := restored(t, plainRing, touching)
		for _, c := range append(got.Cassandra.Containers, got.Cassandra.InitContainers...) {
			if len(c.Command) > 0 || c.Lifecycle != nil || len(c.VolumeMounts) > 0 {
				t.Errorf("%s comes back: %+v", why, c)
			}
		}
		if got := restored(t, touching, plainRing); !same(got, plainRing) {
			t.Errorf("%s doesn't go", why)
		}
	}
	const scratch = `extraVolumes: {volumes: [{name: scratch, emptyDir: {}}]}` + "\n  " + `containers: [{name: cassandra, volumeMounts: [{name: scratch, mountPath: /var/lib/cassandra}]}]`
	for _, pair := range [][2]*api.K8ssandraClusterSpec{{spec(t), spec(t, with(scratch)...)}, {spec(t, with(scratch)...), spec(t)}} {
		got := restored(t, pair[0], pair[1])
		if !same(got, pair[0]) && (len(got.Cassandra.Containers) > 0 && len(got.Cassandra.Containers[0].VolumeMounts) > 0) != (len(pair[0].Cassandra.Containers) > 0) {
			t.Errorf("what is mounted where the data is changes: %+v", got.Cassandra.Containers)
		}
	}
	for _, variable := range []string{"{name: CONFIG_FILE_DATA, value: x}", "{name: JDK_JAVA_OPTIONS, value: -Xmx1g -Dcassandra.replace_address=10.0.0.1}"} {
		field := "containers: [{name: cassandra, env: [" + variable + "]}]"
		for _, pair := range [][2]*api.K8ssandraClusterSpec{{spec(t), spec(t, with(field)...)}, {spec(t, with(field)...), spec(t)}} {
			var before, after int
			for _, c := range pair[0].Cassandra.Containers {
				before += len(c.Env)
			}
			for _, c := range restored(t, pair[0], pair[1]).Cassandra.Containers {
				after += len(c.Env)
			}
			if before != after {
				t.Errorf("%s: there were %d variables, and there are %d", variable, before, after)
			}
		}
	}
	more := with(`extraVolumes: {volumes: [{name: v, secret: {secretName: none}}]}` + "\n  " + `containers: [{name: cassandra, volumeMounts: [{name: v, mountPath: /v}]}]`)
	if got := restored(t, spec(t, more...), spec(t)); !same(got, spec(t)) {
		t.Errorf("a volume that isn't there, with its mount, doesn't go: %+v %+v", got.Cassandra.Containers, got.Cassandra.ExtraVolumes)
	}
	if got := restored(t, spec(t), spec(t, more...)); !same(got, spec(t, more...)) {
		t.Errorf("a Secret's mount doesn't come back: %+v", got.Cassandra.Containers)
	}
	const harmless = `initContainers: [{name: reset, image: busybox, command: [ls], volumeMounts: [{name: server-data, mountPath: /data}]}]`
	now, good := spec(t, with(harmless)...), spec(t, with(strings.Replace(harmless, "ls", "rm", 1))...)
	if got := restored(t, now, good); !same(got, now) {
		t.Errorf("one that is there becomes what it was: %+v", got.Cassandra.InitContainers)
	}
}

// Only volumes of kinds that are known to hold no data come and go; any other kind, one that isn't known too, stays as it is, and so
// does what mounts it.
func TestVolumesOfDataNeitherComeNorGo(t *testing.T) {
	const version = "  serverVersion: 5.0.9\n"
	with := func(source string) []string {
		return []string{version, version + "  extraVolumes: {volumes: [{name: v" + source + "}]}\n  containers: [{name: side, image: busybox, volumeMounts: [{name: v, mountPath: /v}]}]\n"}
	}
	for source, isData := range map[string]bool{
		", emptyDir: {}": false, ", configMap: {name: c}": false, ", secret: {secretName: s}": false, ", downwardAPI: {items: []}": false,
		", image: {reference: i}": false, ", projected: {sources: [{secret: {name: s}}]}": false,
		", hostPath: {path: /h}": true, ", persistentVolumeClaim: {claimName: c}": true, ", ephemeral: {}": true, ", csi: {driver: d}": true,
		", nfs: {server: s, path: /p}": true, ", rbd: {image: i, monitors: [m]}": true, ", cephfs: {monitors: [m]}": true, ", fc: {lun: 1}": true,
		", flexVolume: {driver: d}": true, ", awsElasticBlockStore: {volumeID: v}": true, ", glusterfs: {endpoints: e, path: p}": true,
		", azureFile: {secretName: s, shareName: files}": true, ", portworxVolume: {volumeID: v}": true, ", iscsi: {targetPortal: p, iqn: i, lun: 1}": true,
		"": true,
	} {
		got := restored(t, spec(t), spec(t, with(source)...)).Cassandra
		if came := got.ExtraVolumes != nil || len(got.Containers) > 0; came == isData {
			t.Errorf("volume %q: it came back %t", source, came)
		}
		got = restored(t, spec(t, with(source)...), spec(t)).Cassandra
		if stayed := got.ExtraVolumes != nil; stayed != isData {
			t.Errorf("volume %q: it stayed %t", source, stayed)
		}
	}
}

// Claims that a datacenter's storage names hold data as the one of its nodes does.
func TestWhatMountsMoreStorageDoesNotComeBack(t *testing.T) {
	const storage, version = "storageConfig: {", "  serverVersion: 5.0.9\n"
	more := []string{storage, storage + "additionalVolumes: [{name: commitlog, mountPath: /commitlog, pvcSpec: {}}], "}
	good := append(slices.Clone(more), version, version+"  initContainers: [{name: reset, image: busybox, command: [rm], volumeMounts: [{name: commitlog, mountPath: /c}]}]\n")
	if got := restored(t, spec(t, more...), spec(t, good...)); len(got.Cassandra.InitContainers) > 0 {
		t.Errorf("%+v", got.Cassandra.InitContainers)
	}
}

// What opens a machine or a port of it doesn't come back in a container, and what Cassandra's own has of it stays as it is.
func TestDoorsOfContainersStay(t *testing.T) {
	const version = "  serverVersion: 5.0.9\n"
	for _, door := range []string{
		"securityContext: {privileged: true}", "securityContext: {allowPrivilegeEscalation: true}", "securityContext: {capabilities: {add: [SYS_ADMIN]}}",
		"securityContext: {runAsUser: 0}", "securityContext: {runAsNonRoot: false}", "securityContext: {seccompProfile: {type: Unconfined}}",
		"securityContext: {procMount: Unmasked}", "ports: [{containerPort: 9042, hostPort: 9042}]",
	} {
		with := func(container string) *api.K8ssandraClusterSpec {
			return spec(t, version, version+"  containers: [{"+container+"}]\n")
		}
		const own, side = "name: cassandra, imagePullPolicy: Always, ", "name: side, image: busybox, "
		if got := restored(t, spec(t), with(side+door)); len(got.Cassandra.Containers) > 0 {
			t.Errorf("a container with %s comes back", door)
		}
		if got := restored(t, with(side+door), spec(t)); len(got.Cassandra.Containers) > 0 {
			t.Errorf("a container with %s doesn't go", door)
		}
		for _, names := range []string{own, side} {
			open, closed := with(names+door), with(strings.TrimSuffix(names, ", "))
			if got := restored(t, closed, open); !same(got, closed) {
				t.Errorf("%s comes back: %+v", door, got.Cassandra.Containers)
			}
			if got := restored(t, open, closed); !same(got, open) {
				t.Errorf("%s goes: %+v", door, got.Cassandra.Containers)
			}
		}
	}
	harmless, now := spec(t, version, version+"  containers: [{name: cassandra, securityContext: {runAsUser: 999}}]\n"), spec(t, version, version+"  containers: [{name: cassandra, securityContext: {runAsUser: 1}}]\n")
	if got := restored(t, now, harmless); !same(got, harmless) {
		t.Errorf("another user doesn't go back: %+v", got.Cassandra.Containers)
	}
}

// Variables that are read before Cassandra is, or whose value is elsewhere, stay as they are.
func TestVariablesThatConfigureStay(t *testing.T) {
	const version = "  serverVersion: 5.0.9\n"
	for _, variable := range []string{
		"name: JDK_JAVA_OPTIONS, valueFrom: {secretKeyRef: {name: s, key: k}}", "name: JVM_EXTRA_OPTS, valueFrom: {configMapKeyRef: {name: c, key: k}}",
		"name: LD_PRELOAD, value: /x.so", "name: MGMT_API_LISTEN_TCP_PORT, value: '9999'", "name: EXTRA, value: '-javaagent:/a.jar'",
	} {
		with := spec(t, version, version+"  containers: [{name: cassandra, env: [{"+variable+"}]}]\n")
		if got := restored(t, spec(t), with); len(got.Cassandra.Containers) > 0 && len(got.Cassandra.Containers[0].Env) > 0 {
			t.Errorf("%s comes back", variable)
		}
		if got := restored(t, with, spec(t)); !same(got, with) {
			t.Errorf("%s goes: %+v", variable, got.Cassandra.Containers)
		}
	}
}

// What stays keeps its place among what is the same: another order of variables, lines or containers makes pods anew for nothing.
func TestNoOrderChangesForWhatStays(t *testing.T) {
	const version = "  serverVersion: 5.0.9\n"
	for why, pair := range map[string][2]string{
		"variables": {"containers: [{name: cassandra, env: [{name: CASSANDRA_X, value: x}, {name: B, value: b}]}]", "containers: [{name: cassandra, env: [{name: B, value: b}]}]"},
		"mounts": {"containers: [{name: cassandra, volumeMounts: [{name: server-data, mountPath: /d}, {name: v, mountPath: /v}]}]",
			"containers: [{name: cassandra, volumeMounts: [{name: v, mountPath: /v}]}]"},
		"volumes":    {"extraVolumes: {volumes: [{name: d, hostPath: {path: /d}}, {name: v, emptyDir: {}}]}", "extraVolumes: {volumes: [{name: v, emptyDir: {}}]}"},
		"lines":      {"config: {jvmOptions: {additionalOptions: [-Dcassandra.join_ring=true, -XX:+A]}}", "config: {jvmOptions: {additionalOptions: [-XX:+A]}}"},
		"containers": {"containers: [{name: cassandra, env: [{name: CASSANDRA_X, value: x}]}, {name: side, image: i}]", "containers: [{name: side, image: i}]"},
	} {
		of := func(field string) *api.K8ssandraClusterSpec {
			out := spec(t, "size: 6}", "size: 6, "+field+"}")
			return out
		}
		now, good := of(pair[0]), of(pair[1])
		if got := restored(t, now, good); !same(got, now) {
			t.Errorf("%s: %s", why, cmp.Diff(plain(now), plain(got)))
		}
	}
	now := spec(t, version, version+"  containers: [{name: a, image: i}, {name: b, image: i}]\n")
	good := spec(t, version, version+"  containers: [{name: b, image: i}, {name: a, image: i}]\n")
	if got := restored(t, now, good); !same(got, good) {
		t.Error("an order that was edited doesn't go back")
	}
}

// Nothing is put into another order: that would restart nodes.
func TestLinesKeepTheirOrder(t *testing.T) {
	lines := []string{"[-Dcassandra.max_queued=1]", "[-Dcassandra.join_ring=true, -XX:+A, -XX:+B]"}
	now := spec(t, lines...)
	if got := restored(t, now, now); !same(got, now) {
		t.Errorf("%v", got.Cassandra.CassandraConfig.JvmOptions.AdditionalOptions)
	}
}

// What is stored keeps the fields that this program doesn't know, and is what was restored otherwise.
func TestWhatIsStoredKeepsWhatIsNotKnown(t *testing.T) {
	now, good := spec(t, "concurrent_reads: 32", "no_such_key: 1", "{zone: a}", "{zone: nowhere}"), spec(t)
	stored := plain(now)
	in := mapOf(stored, "cassandra")
	stored["later"], in["later"] = "a", "b"
	listOf(in, "racks")[0]["later"] = "c"
	listOf(in, "datacenters")[0]["later"] = "d"
	mapOf(in, "config")["later"] = "e"
	Write(stored, now, restored(t, now, good))
	want := plain(good)
	in = mapOf(want, "cassandra")
	want["later"], in["later"] = "a", "b"
	listOf(in, "racks")[0]["later"] = "c"
	listOf(in, "datacenters")[0]["later"] = "d"
	mapOf(in, "config")["later"] = "e"
	if diff := cmp.Diff(want, stored); diff != "" {
		t.Error(diff)
	}
}

// So it is within lists and options: a volume of a kind that this program doesn't know would else become an empty one.
func TestWhatIsStoredKeepsWhatIsNotKnownOfItsParts(t *testing.T) {
	const version = "  serverVersion: 5.0.9\n"
	of := func(secret, heap string) *api.K8ssandraClusterSpec {
		return spec(t, version, version+"  extraVolumes: {volumes: [{name: d}, {name: s, secret: {secretName: "+secret+"}}]}\n  containers: [{name: cassandra}, {name: side, image: "+secret+"}]\n",
			"heap_max_size: 1Gi", "heap_max_size: "+heap)
	}
	now, good := of("a", "2Gi"), of("b", "1Gi")
	add := func(spec map[string]any) map[string]any {
		ring := mapOf(spec, "cassandra")
		listOf(mapOf(ring, "extraVolumes"), "volumes")[0]["later"] = map[string]any{"disk": "x"}
		listOf(ring, "containers")[0]["later"] = "y"
		mapOf(mapOf(ring, "config"), "jvmOptions")["later"] = "z"
		return spec
	}
	stored := add(plain(now))
	Write(stored, now, restored(t, now, good))
	if diff := cmp.Diff(add(plain(good)), stored); diff != "" {
		t.Error(diff)
	}
}

// A datacenter that came since then keeps what is its own.
func TestANewDatacenterKeepsItsOwn(t *testing.T) {
	const dc1 = "{metadata: {name: dc1}, k8sContext: west, size: 6}"
	now := spec(t, "concurrent_reads: 32", "concurrent_reads: 64", dc1, dc1+"\n  - {metadata: {name: dc3}, k8sContext: north, size: 6, resources: {limits: {cpu: \"9\"}}}")
	want := spec(t, dc1, dc1+"\n  - {metadata: {name: dc3}, k8sContext: north, size: 6, resources: {limits: {cpu: \"9\"}}}")
	if diff := cmp.Diff(plain(want), plain(restored(t, now, spec(t)))); diff != "" {
		t.Error(diff)
	}
}

func TestChoose(t *testing.T) {
	reads := func(n string) *api.K8ssandraClusterSpec {
		return spec(t, "concurrent_reads: 32", "concurrent_reads: "+n)
	}
	kept := func(number uint64, s *api.K8ssandraClusterSpec) Revision {
		return Revision{Number: number, Name: "", Spec: *s}
	}
	larger := spec(t, "concurrent_reads: 32", "concurrent_reads: 2", "size: 6", "size: 9")
	all := []Revision{kept(4, larger), kept(2, reads("2")), kept(1, reads("1"))}
	for _, c := range []struct {
		why     string
		now     *api.K8ssandraClusterSpec
		done    bool
		kept    []Revision
		asked   string
		to      uint64
		already bool
		err     error
	}{
		{"a bad edit", reads("3"), false, all, "", 4, false, nil},
		{"a good one, as the last time", larger, true, all, "", 1, false, nil},
		{"a second time, while the first isn't done", reads("1"), false, all, "", 1, true, nil},
		{"a second time, when the first is done", reads("1"), true, all, "", 4, false, nil},
		{"something that stays is wrong", spec(t, "concurrent_reads: 32", "concurrent_reads: 2", "num_tokens: 16", "num_tokens: 5"), false, all, "", 4, true, nil},
		{"one that is asked for", reads("3"), false, all, "2", 2, false, nil},
		{"one that is there already is asked for", reads("2"), true, all, "2", 2, true, nil},
		{"nothing is kept", reads("3"), false, nil, "", 0, false, ErrNone},
		{"only the present one is kept", reads("1"), true, all[2:], "", 0, false, ErrNoOther},
	} {
		got, err := Choose(c.now, c.done, c.kept, c.asked)
		if !errors.Is(err, c.err) || got.To.Number != c.to || got.Already != c.already {
			t.Errorf("%s: revision %d, already %t, %v", c.why, got.To.Number, got.Already, err)
		}
	}
	if _, err := Choose(reads("3"), false, all, "3"); err == nil || err.Error() != "no region keeps revision 3; there are 4, 2, 1" {
		t.Errorf("%v", err)
	}
	twice := []Revision{{Number: 7, Name: "7/central/a", Spec: *reads("1")}, {Number: 7, Name: "7/west/b", Spec: *reads("2")}}
	if _, err := Choose(reads("3"), false, twice, "7"); err == nil || !strings.Contains(err.Error(), "name one of 7/central/a and 7/west/b in full") {
		t.Errorf("%v", err)
	}
	if got, err := Choose(reads("3"), false, twice, "7/west/b"); err != nil || got.To.Name != "7/west/b" {
		t.Errorf("%v", err)
	}
}
