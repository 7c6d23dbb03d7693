package kubetest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/ringspan/ringspan/internal/kubetest"
)

const validDatacenter = `
apiVersion: cassandra.datastax.com/v1beta1
kind: CassandraDatacenter
metadata: {name: dc1, namespace: default}
spec:
  clusterName: ring
  serverType: cassandra
  serverVersion: 5.0.9
  size: 3
  racks: [{name: rack1}, {name: rack2}, {name: rack3}]
  storageConfig:
    cassandraDataVolumeClaimSpec:
      storageClassName: standard
      accessModes: [ReadWriteOnce]
      resources: {requests: {storage: 10Gi}}
`

const validRing = `
apiVersion: k8ssandra.io/v1alpha1
kind: K8ssandraCluster
metadata: {name: ring, namespace: default}
spec:
  cassandra:
    serverVersion: 5.0.9
    storageConfig: {cassandraDataVolumeClaimSpec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 10Gi}}}}
    config: {cassandraYaml: {num_tokens: 16}}
    racks: [{name: rack1}, {name: rack2}, {name: rack3}]
    datacenters:
    - {metadata: {name: dc1}, k8sContext: eu-west-1, size: 3}
    - {metadata: {name: dc2}, k8sContext: eu-central-1, size: 3}
`

const validRingTask = `
apiVersion: control.k8ssandra.io/v1alpha1
kind: K8ssandraTask
metadata: {name: restart, namespace: default}
spec:
  cluster: {name: ring, namespace: default}
  datacenters: [dc2, dc1]
  template: {jobs: [{name: restart, command: restart}]}
`

// Without racks there is one, called default.
var (
	bareDatacenter = strings.Replace(validDatacenter, "racks: [{name: rack1}, {name: rack2}, {name: rack3}]", "racks: []", 1)
	bareRing       = strings.Replace(validRing, "    racks: [{name: rack1}, {name: rack2}, {name: rack3}]\n", "", 1)
)

// What updates of other cases begin with.
var (
	zonedDatacenter   = strings.Replace(validDatacenter, "{name: rack1}", "{name: rack1, zone: a}", 1)
	ringWithoutTokens = strings.Replace(validRing, "    config: {cassandraYaml: {num_tokens: 16}}\n", "", 1)
	bigRing           = upTo(ringWithoutTokens, "    racks:") + "    racks: " + manyRacks(64) + "\n    datacenters: " + manyDatacenters(32) + "\n"
	bypass            = change{"metadata.annotations", "{cassandra.datastax.com/bypass-webhook-validations: 'true'}"}
	storageChanges    = change{"metadata.annotations", "{cassandra.datastax.com/allow-storage-changes: 'true'}"}
)

// removeRacks lets racks go that the list lacks.
func removeRacks(names string) change {
	return change{"metadata.annotations", "{ringspan.io/remove-racks: '" + names + "'}"}
}

func upTo(text, part string) string {
	before, _, _ := strings.Cut(text, part)
	return before
}

// claim is the path of a field of the data volume's claim.
func claim(field string) string { return "spec.storageConfig.cassandraDataVolumeClaimSpec." + field }

const validFleet = `
apiVersion: fleet.ringspan.io/v1alpha1
kind: Fleet
metadata: {name: article}
spec:
  regions:
  - {name: eu-west-1, cidr: 172.21.0.0/16}
  - {name: eu-central-1, cidr: 172.22.0.0/16, zones: [{name: a}, {name: b}]}
`

const validTask = `
apiVersion: control.k8ssandra.io/v1alpha1
kind: CassandraTask
metadata: {name: t, namespace: default}
spec: {datacenter: {name: dc1}, jobs: [{name: j, command: cleanup}]}
`

// change is a path such as "spec.racks.0.name" and the YAML to put there; "-" removes.
type change struct{ path, value string }

// invalid is a change to a valid object and a part of the message with which the API server refuses it.
type invalid struct {
	name    string
	object  string
	changes []change
	want    string
}

var refusedAtCreation = []invalid{
	{"no size", validDatacenter, []change{{"spec.size", "-"}}, "spec.size"},
	{"size 0", validDatacenter, []change{{"spec.size", "0"}}, "spec.size"},
	{"size below racks", validDatacenter, []change{{"spec.size", "2"}}, "spec.size: Invalid value: size must be at least the number of racks"},
	{"no clusterName", validDatacenter, []change{{"spec.clusterName", "-"}}, "spec.clusterName"},
	{"short clusterName", validDatacenter, []change{{"spec.clusterName", "x"}}, "spec.clusterName"},
	{"unknown serverType", validDatacenter, []change{{"spec.serverType", "scylla"}}, "spec.serverType"},
	{"serverVersion without numbers", validDatacenter, []change{{"spec.serverVersion", "latest"}}, "spec.serverVersion"},
	{"short rack name", validDatacenter, []change{{"spec.racks.0.name", "r"}}, "spec.racks[0].name"},
	{"two racks of one name", validDatacenter, []change{{"spec.racks.0.name", "rack2"}}, "rack names must differ"},
	{"long names", validDatacenter, []change{{"spec.clusterName", strings.Repeat("c", 50)}}, "at most 60 characters"},
	{"dse workload", validDatacenter, []change{{"spec.dseWorkloads", "{graphEnabled: true}"}}, "spec.dseWorkloads"},
	{"volume of no kind", validDatacenter, []change{{"spec.storageConfig.additionalVolumes", "[{name: v, mountPath: /v}]"}}, "exactly one of pvcSpec and volumeSource"},
	{"volume of two kinds", validDatacenter, []change{{"spec.storageConfig.additionalVolumes", "[{name: v, mountPath: /v, pvcSpec: {}, volumeSource: {}}]"}}, "exactly one of pvcSpec and volumeSource"},
	{"reserved label", validDatacenter, []change{{"spec.additionalServiceConfig", "{dcService: {additionalLabels: {cassandra.datastax.com/x: v}}}"}}, "additionalLabels cannot contain"},
	{"negative maxUnavailable", validDatacenter, []change{{"spec.maxUnavailable", "-1"}}, "spec.maxUnavailable"},
	{"odd maxUnavailable", validDatacenter, []change{{"spec.maxUnavailable", "few"}}, "spec.maxUnavailable"},
	{"many nodes per worker without resources", validDatacenter, []change{{"spec.allowMultipleNodesPerWorker", "true"}}, "spec.resources"},
	{"many nodes per worker without limits", validDatacenter, []change{{"spec.allowMultipleNodesPerWorker", "true"},
		{"spec.resources", "{requests: {cpu: 1, memory: 1Gi}, limits: {cpu: 1}}"}}, "spec.resources"},
	{"many nodes per worker without any CPU", validDatacenter, []change{{"spec.allowMultipleNodesPerWorker", "true"},
		{"spec.resources", "{requests: {cpu: 0m, memory: 1Gi}, limits: {cpu: 1, memory: 1Gi}}"}}, "none of them 0"},
	{"racks of one name for objects", validDatacenter, []change{{"spec.racks.0.name", "Rack_2"}}, "must differ in their letters"},
	{"a rack without a name for objects", validDatacenter, []change{{"spec.racks.0.name", "__"}}, "must differ in their letters"},
	{"clusterName without a name for objects", validDatacenter, []change{{"spec.clusterName", "__"}}, "spec.clusterName: needs a letter"},
	{"odd autoupdate-spec", validDatacenter, []change{{"metadata.annotations", "{cassandra.datastax.com/autoupdate-spec: sometimes}"}}, "autoupdate-spec"},
	{"options of another version", validDatacenter, []change{{"spec.serverVersion", "3.11.17"}, {"spec.config", "{jvm-server-options: {}}"}}, "jvm-server-options"},
	{"dse.yaml", validDatacenter, []change{{"spec.config", "{dse-yaml: {}}"}}, "dse-yaml"},
	{"query log too old", validDatacenter, []change{{"spec.serverVersion", "3.11.17"}, {"spec.config", "{cassandra-yaml: {full_query_logging_options: {}}}"}}, "full_query_logging_options"},
	{"query log too old, version 2", validDatacenter, []change{{"spec.serverVersion", "2.2.19"}, {"spec.config", "{cassandra-yaml: {full_query_logging_options: {}}}"}}, "full_query_logging_options"},
	{"query log of DSE", validDatacenter, []change{{"spec.serverType", "dse"}, {"spec.serverVersion", "6.8.40"}, {"spec.config", "{cassandra-yaml: {full_query_logging_options: {}}}"}}, "full_query_logging_options"},
	{"misspelt field", validDatacenter, []change{{"spec.sise", "3"}}, `unknown field "spec.sise"`},

	{"no datacenter name", validRing, []change{{"spec.cassandra.datacenters.0.metadata", "{}"}}, "spec.cassandra.datacenters[0].metadata.name"},
	{"datacenter name", validRing, []change{{"spec.cassandra.datacenters.0.metadata.name", "DC_1"}}, "DNS-1035"},
	{"two datacenters of one name", validRing, []change{{"spec.cassandra.datacenters.0.metadata.name", "dc2"}}, "datacenter names must differ"},
	{"two datacenters of one name in Cassandra", validRing, []change{{"spec.cassandra.datacenters.0.datacenterName", "dc2"}}, "must differ"},
	{"two datacenters of one name for objects", validRing, []change{{"spec.cassandra.datacenters.0.datacenterName", "DC_2"}, {"spec.cassandra.datacenters.1.k8sContext", "eu-west-1"}}, "must differ in their letters"},
	{"racks of one name for objects", validRing, []change{{"spec.cassandra.racks.0.name", "Rack_2"}}, "names of racks must differ"},
	{"racks of one name for objects in a datacenter", validRing, []change{{"spec.cassandra.datacenters.1.racks", "[{name: r1}, {name: R_1}]"}}, "names of racks must differ"},
	{"size below common racks", validRing, []change{{"spec.cassandra.datacenters.1.size", "2"}}, "at least its number of racks"},
	{"no storage", validRing, []change{{"spec.cassandra.storageConfig", "-"}}, "storageConfig"},
	{"seed that is no address", validRing, []change{{"spec.cassandra.additionalSeeds", "[example.com]"}}, "additionalSeeds"},
	{"collector", validRing, []change{{"spec.cassandra.config.jvmOptions", "{gc: Serial}"}}, "spec.cassandra.config.jvmOptions.gc"},
	{"secrets provider", validRing, []change{{"spec.secretsProvider", "vault"}}, "spec.secretsProvider"},
	{"long names", validRing, []change{{"metadata.name", strings.Repeat("r", 50)}}, "at most 60 characters"},
	{"soft anti-affinity without resources", validRing, []change{{"spec.cassandra.softPodAntiAffinity", "true"}}, "softPodAntiAffinity"},
	{"odd autoupdate-spec", validRing, []change{{"metadata.annotations", "{k8ssandra.io/autoupdate-spec: sometimes}"}}, "autoupdate-spec"},
	{"backups without a bucket", validRing, []change{{"spec.medusa", "{storageProperties: {storageProvider: s3}}"}}, "bucketName"},
	{"shared backups without a prefix", validRing, []change{{"spec.medusa", "{medusaConfigurationRef: {name: m}}"}}, "prefix"},
	{"backups configured elsewhere", validRing, []change{{"spec.medusa", "{medusaConfigurationRef: {name: m, namespace: other}, storageProperties: {prefix: p}}"}}, "medusaConfigurationRef"},
	{"backups configured by another kind", validRing, []change{{"spec.medusa", "{medusaConfigurationRef: {name: m, kind: ConfigMap}, storageProperties: {prefix: p}}"}}, "only name can be set"},
	{"backups configured by a field", validRing, []change{{"spec.medusa", "{medusaConfigurationRef: {name: m, fieldPath: spec}, storageProperties: {prefix: p}}"}}, "only name can be set"},
	{"local repairs without access modes", validRing, []change{{"spec.reaper", "{storageType: local, deploymentMode: SINGLE, storageConfig: {resources: {requests: {storage: 1Gi}}}}"}}, "accessModes and resources.requests.storage"},
	{"local repairs without storage", validRing, []change{{"spec.reaper", "{storageType: local, deploymentMode: SINGLE, storageConfig: {accessModes: [ReadWriteOnce]}}"}}, "accessModes and resources.requests.storage"},
	{"local repairs without a volume", validRing, []change{{"spec.reaper", "{storageType: local, deploymentMode: SINGLE}"}}, "storageConfig"},
	{"local repairs in each datacenter", validRing, []change{{"spec.reaper", "{storageType: local, storageConfig: {accessModes: [ReadWriteOnce]}}"}}, "deploymentMode"},
	{"misspelt option", validRing, []change{{"spec.cassandra.config.jvmOptions", "{heap_max_sise: 1Gi}"}}, `unknown field "spec.cassandra.config.jvmOptions.heap_max_sise"`},

	{"no regions", validFleet, []change{{"spec.regions", "[]"}}, "spec.regions"},
	{"provider", validFleet, []change{{"spec.provider", "gcp"}}, "spec.provider"},
	{"no range", validFleet, []change{{"spec.regions.0.cidr", "-"}}, "every region of provider local needs a cidr"},
	{"odd range", validFleet, []change{{"spec.regions.0.cidr", "172.21.0.0"}}, "spec.regions[0].cidr"},
	{"range with host bits", validFleet, []change{{"spec.regions.0.cidr", "172.21.5.0/16"}}, "spec.regions[0].cidr"},
	{"narrow range", validFleet, []change{{"spec.regions.0.cidr", "172.21.5.0/28"}}, "16 to 22 bits"},
	{"overlapping ranges", validFleet, []change{{"spec.regions.0.cidr", "172.22.128.0/17"}}, "must not overlap"},
	{"overlapping service range", validFleet, []change{{"spec.regions.0.serviceCIDR", "172.21.128.0/17"}}, "serviceCIDR"},
	{"two regions of one name", validFleet, []change{{"spec.regions.0.name", "eu-central-1"}}, "region names must differ"},
	{"two zones of one name", validFleet, []change{{"spec.regions.1.zones.0.name", "b"}}, "zone names must differ"},
	{"port", validFleet, []change{{"spec.regions.0.apiServerPort", "70000"}}, "spec.regions[0].apiServerPort"},

	{"no ring", validRingTask, []change{{"spec.cluster.name", "-"}}, "spec.cluster.name"},
	{"a ring elsewhere", validRingTask, []change{{"spec.cluster.namespace", "other"}}, "spec.cluster.namespace"},
	{"no job", validRingTask, []change{{"spec.template.jobs", "[]"}}, "exactly one job"},
	{"two jobs", validRingTask, []change{{"spec.template.jobs", "[{name: a, command: restart}, {name: b, command: cleanup}]"}}, "exactly one job"},
	{"a datacenter twice", validRingTask, []change{{"spec.datacenters", "[dc1, dc2, dc1]"}}, "named twice"},
	{"a long name", validRingTask, []change{{"metadata.name", strings.Repeat("t", 64)}}, "at most 63 characters"},
	{"concurrency policy of datacenters", validRingTask, []change{{"spec.dcConcurrencyPolicy", "Never"}}, "spec.dcConcurrencyPolicy"},

	{"concurrency policy", validTask, []change{{"spec.concurrencyPolicy", "Never"}}, "spec.concurrencyPolicy"},
	{"restart policy", validTask, []change{{"spec.restartPolicy", "Sometimes"}}, "spec.restartPolicy"},
}

var allowedAtCreation = []invalid{
	{"query log", validDatacenter, []change{{"spec.config", "{cassandra-yaml: {full_query_logging_options: {log_dir: /var/log/cassandra/fql}}}"}}, ""},
	{"many nodes per worker", validDatacenter, []change{{"spec.allowMultipleNodesPerWorker", "true"},
		{"spec.resources", "{requests: {cpu: 500m, memory: 1Gi}, limits: {cpu: 1, memory: 1Gi}}"}}, ""},
	{"a label that only has the reserved prefix in it", validDatacenter, []change{{"spec.additionalServiceConfig", "{dcService: {additionalLabels: {my.cassandra.datastax.com/x: v}}}"}}, ""},
	{"racks that differ in a digit", validDatacenter, []change{{"spec.racks.0.name", "Rack_4"}}, ""},
	{"a hundred racks", validDatacenter, []change{{"spec.racks", manyRacks(100)}, {"spec.size", "100"}}, ""},
	{"datacenters of one name for objects, in two regions", validRing, []change{{"spec.cassandra.datacenters.0.datacenterName", "DC_2"}}, ""},
	{"datacenters of one name for objects, in two namespaces", validRing, []change{{"spec.cassandra.datacenters.0.datacenterName", "DC_2"},
		{"spec.cassandra.datacenters.1.k8sContext", "eu-west-1"}, {"spec.cassandra.datacenters.1.metadata.namespace", "other"}}, ""},
	{"32 datacenters of 64 racks", bigRing, nil, ""},
	{"shared backups", validRing, []change{{"spec.medusa", "{medusaConfigurationRef: {name: m}, storageProperties: {prefix: p}}"}}, ""},
	{"local repairs", validRing, []change{{"spec.reaper", "{storageType: local, deploymentMode: SINGLE, storageConfig: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}"}}, ""},
}

func manyRacks(n int) string {
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("{name: rack%d}", i))
	}
	return "[" + strings.Join(names, ", ") + "]"
}

func manyDatacenters(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("{metadata: {name: dc%d}, k8sContext: region%d, size: 64}", i, i))
	}
	return "[" + strings.Join(all, ", ") + "]"
}

var refusedAtUpdate = []invalid{
	{"clusterName", validDatacenter, []change{{"spec.clusterName", "other"}}, "clusterName is immutable"},
	{"datacenterName", validDatacenter, []change{{"spec.datacenterName", "other"}}, "datacenterName is immutable"},
	{"superuserSecretName", validDatacenter, []change{{"spec.superuserSecretName", "other"}}, "superuserSecretName is immutable"},
	{"serviceAccount", validDatacenter, []change{{"spec.serviceAccount", "other"}}, "serviceAccount is immutable"},
	{"allowMultipleNodesPerWorker", validDatacenter, []change{{"spec.allowMultipleNodesPerWorker", "true"},
		{"spec.resources", "{requests: {cpu: 1, memory: 1Gi}, limits: {cpu: 1, memory: 1Gi}}"}}, "allowMultipleNodesPerWorker is immutable"},
	{"rack renamed", validDatacenter, []change{{"spec.racks", "[{name: rack1}, {name: rack2}, {name: rack4}]"}}, "racks cannot be renamed"},
	{"racks renamed", validDatacenter, []change{{"spec.racks", "[{name: rack4}, {name: rack5}, {name: rack6}]"}}, "racks cannot be renamed"},
	{"rack renamed with more nodes", validDatacenter, []change{{"spec.size", "9"}, {"spec.racks", "[{name: rack1}, {name: rack2}, {name: rack4}]"}}, "racks cannot be renamed"},
	{"rack taken out, others reordered", validDatacenter, []change{removeRacks("rack2"), {"spec.racks", "[{name: rack3}, {name: rack1}]"}}, "reordered"},
	{"rack put before the others", validDatacenter, []change{{"spec.size", "4"}, {"spec.racks", "[{name: rack0}, {name: rack1}, {name: rack2}, {name: rack3}]"}}, "reordered"},
	{"rack put between the others", validDatacenter, []change{{"spec.size", "4"}, {"spec.racks", "[{name: rack1}, {name: rack9}, {name: rack2}, {name: rack3}]"}}, "reordered"},
	{"rack taken out that isn't named", validDatacenter, []change{{"spec.racks", "[{name: rack1}, {name: rack3}]"}}, "only when the annotation ringspan.io/remove-racks names it"},
	{"rack taken out, another one named", validDatacenter, []change{removeRacks("rack9"), {"spec.racks", "[{name: rack1}, {name: rack3}]"}}, "only when the annotation ringspan.io/remove-racks names it"},
	{"rack taken out with the bypass", validDatacenter, []change{bypass, {"spec.racks", "[{name: rack1}, {name: rack2}]"}}, "only when the annotation ringspan.io/remove-racks names it"},
	{"rack named that stays", validDatacenter, []change{removeRacks("rack3")}, "names a rack of spec.racks"},
	{"racks reordered", validDatacenter, []change{{"spec.racks", "[{name: rack2}, {name: rack1}, {name: rack3}]"}}, "reordered"},
	{"rack without nodes", validDatacenter, []change{{"spec.racks", "[{name: rack1}, {name: rack2}, {name: rack3}, {name: rack4}]"}}, "spec.size"},
	{"fewer nodes than racks", validDatacenter, []change{{"spec.size", "2"}}, "spec.size: Invalid value: size must be at least the number of racks"},
	{"no nodes", validDatacenter, []change{{"spec.size", "0"}}, "spec.size"},
	{"zone of a rack", validDatacenter, []change{{"spec.racks.0.zone", "z"}}, "zone of a rack"},
	{"rack list taken away", validDatacenter, []change{{"spec.racks", "-"}}, "racks cannot be renamed"},
	{"rack list emptied", validDatacenter, []change{{"spec.racks", "[]"}}, "racks cannot be renamed"},
	{"rack list taken away from a ring", validRing, []change{{"spec.cassandra.racks", "-"}}, "racks cannot be renamed"},
	{"another list for a datacenter of a ring", validRing, []change{{"spec.cassandra.datacenters.0.racks", "[{name: rack1}, {name: other}]"}}, "racks cannot be renamed"},
	{"fewer nodes than racks of a ring", validRing, []change{{"spec.cassandra.datacenters.1.size", "2"}}, "at least its number of racks"},
	{"less storage", validDatacenter, []change{{"spec.storageConfig.cassandraDataVolumeClaimSpec.resources.requests.storage", "9Gi"}}, "storage of cassandraDataVolumeClaimSpec cannot shrink"},
	{"more storage without the annotation", validDatacenter, []change{{"spec.storageConfig.cassandraDataVolumeClaimSpec.resources.requests.storage", "11Gi"}}, "allow-storage-changes"},
	{"storage class", validDatacenter, []change{{"spec.storageConfig.cassandraDataVolumeClaimSpec.storageClassName", "fast"}}, "storageClassName"},
	{"access modes", validDatacenter, []change{{"spec.storageConfig.cassandraDataVolumeClaimSpec.accessModes", "[ReadWriteMany]"}}, "accessModes"},
	{"volume mode", validDatacenter, []change{{"spec.storageConfig.cassandraDataVolumeClaimSpec.volumeMode", "Block"}}, "only resources.requests.storage"},
	{"selector of volumes with the annotation", validDatacenter, []change{
		{"metadata.annotations", "{cassandra.datastax.com/allow-storage-changes: 'true'}"},
		{"spec.storageConfig.cassandraDataVolumeClaimSpec.selector", "{matchLabels: {disk: fast}}"}}, "only resources.requests.storage"},
	{"limits of volumes", validDatacenter, []change{
		{"metadata.annotations", "{cassandra.datastax.com/allow-storage-changes: 'true'}"},
		{"spec.storageConfig.cassandraDataVolumeClaimSpec.resources.limits", "{storage: 20Gi}"}}, "only resources.requests.storage"},
	{"another zone", zonedDatacenter, []change{{"spec.racks.0.zone", "b"}}, "zone of a rack"},
	{"data source", validDatacenter, []change{storageChanges, {claim("dataSource"), "{kind: PersistentVolumeClaim, name: other}"}}, "only resources.requests"},
	{"volume name", validDatacenter, []change{storageChanges, {claim("volumeName"), "other"}}, "only resources.requests"},
	{"storage class with the annotation", validDatacenter, []change{storageChanges, {claim("storageClassName"), "fast"}}, "only resources.requests"},
	{"no storage class with the annotation", validDatacenter, []change{storageChanges, {claim("storageClassName"), "-"}}, "only resources.requests"},
	{"less storage with the annotation", validDatacenter, []change{storageChanges, {claim("resources.requests.storage"), "9Gi"}}, "cannot shrink"},
	{"no storage with the annotation", validDatacenter, []change{storageChanges, {claim("resources.requests"), "-"}}, "cannot shrink"},
	{"clusterName with the bypass", validDatacenter, []change{bypass, {"spec.clusterName", "other"}}, "clusterName is immutable"},
	{"datacenterName with the bypass", validDatacenter, []change{bypass, {"spec.datacenterName", "other"}}, "datacenterName is immutable"},
	{"rack renamed with the bypass", validDatacenter, []change{bypass, {"spec.racks", "[{name: rack1}, {name: rack2}, {name: rack4}]"}}, "racks cannot be renamed"},
	{"claim removed with the bypass", validDatacenter, []change{bypass, {"spec.storageConfig", "{}"}}, "cassandraDataVolumeClaimSpec"},
	{"what no datacenter may have with the bypass", validDatacenter, []change{bypass, {"spec.config", "{dse-yaml: {}}"}}, "dse-yaml"},
	{"claim removed", validDatacenter, []change{{"spec.storageConfig", "{}"}}, "cassandraDataVolumeClaimSpec"},

	{"clusterName", validRing, []change{{"spec.cassandra.clusterName", "other"}}, "clusterName is immutable"},
	{"datacenterName", validRing, []change{{"spec.cassandra.datacenters.0.datacenterName", "other"}}, "datacenterName is immutable"},
	{"num_tokens", validRing, []change{{"spec.cassandra.config.cassandraYaml.num_tokens", "8"}}, "num_tokens"},
	{"num_tokens of a datacenter", validRing, []change{{"spec.cassandra.datacenters.0.config", "{cassandraYaml: {num_tokens: 8}}"}}, "num_tokens"},
	{"num_tokens where there were none", ringWithoutTokens, []change{{"spec.cassandra.config", "{cassandraYaml: {num_tokens: 8}}"}}, "num_tokens"},
	{"rack of a ring renamed", validRing, []change{{"spec.cassandra.racks", "[{name: rack1}, {name: rack2}, {name: rack4}]"}}, "racks cannot be renamed"},
	{"racks of a ring reordered", validRing, []change{{"spec.cassandra.racks", "[{name: rack2}, {name: rack1}, {name: rack3}]"}}, "reordered"},
	{"a rack put before a ring's others", validRing, []change{{"spec.cassandra.datacenters.0.racks", "[{name: rack0}, {name: rack1}, {name: rack2}, {name: rack3}]"}, {"spec.cassandra.datacenters.0.size", "4"}}, "reordered"},
	{"one datacenter for another", validRing, []change{{"spec.cassandra.datacenters.1.metadata.name", "dc3"}}, "cannot be added and removed in one change"},
}

// Without a rack list there is one rack, called default: a list that lacks it takes it away.
var refusedWithoutRacks = []invalid{
	{"rack list added", bareDatacenter, []change{{"spec.racks", "[{name: rack1}, {name: rack2}]"}}, "racks cannot be renamed"},
	{"rack list added behind another", bareDatacenter, []change{{"spec.size", "9"}, {"spec.racks", "[{name: rack1}, {name: default}]"}}, "reordered"},
	{"a rack more with fewer nodes", bareDatacenter, []change{{"spec.size", "2"}, {"spec.racks", "[{name: default}, {name: rack2}]"}}, "must grow by at least the nodes of a rack"},
	{"zone of the default rack", bareDatacenter, []change{{"spec.racks", "[{name: default, zone: z}]"}}, "zone of a rack"},
	{"rack list added to a ring", bareRing, []change{{"spec.cassandra.racks", "[{name: rack1}]"}}, "racks cannot be renamed"},
	{"rack list added to a datacenter of a ring", bareRing, []change{{"spec.cassandra.datacenters.0.racks", "[{name: rack1}]"}}, "racks cannot be renamed"},
}

var allowedWithoutRacks = []invalid{
	{"the default rack by its name", bareDatacenter, []change{{"spec.racks", "[{name: default}]"}}, ""},
	{"a second rack with its nodes", bareDatacenter, []change{{"spec.size", "6"}, {"spec.racks", "[{name: default}, {name: rack2}]"}}, ""},
	{"fewer nodes", bareDatacenter, []change{{"spec.size", "1"}}, ""},
	{"fewer nodes of a ring", bareRing, []change{{"spec.cassandra.datacenters.1.size", "2"}}, ""},
	{"the default rack of a ring by its name", bareRing, []change{{"spec.cassandra.racks", "[{name: default}]"}}, ""},
}

var allowedAtUpdate = []invalid{
	{"more storage with the annotation", validDatacenter, []change{storageChanges, {claim("resources.requests.storage"), "11Gi"}}, ""},
	{"serviceAccountName", validDatacenter, []change{{"spec.serviceAccountName", "other"}}, ""},
	{"no zone any more", zonedDatacenter, []change{{"spec.racks.0", "{name: rack1}"}}, ""},
	{"zone of a new rack", zonedDatacenter, []change{{"spec.size", "4"}, {"spec.racks.3", "{name: rack4, zone: b}"}}, ""},
	{"a rack taken out", validDatacenter, []change{removeRacks("rack2"), {"spec.racks", "[{name: rack1}, {name: rack3}]"}}, ""},
	{"a rack and its nodes taken out", validDatacenter, []change{removeRacks("rack3"), {"spec.size", "2"}, {"spec.racks", "[{name: rack1}, {name: rack2}]"}}, ""},
	{"all racks but one taken out", validDatacenter, []change{removeRacks("rack1, rack3"), {"spec.racks", "[{name: rack2}]"}}, ""},
	{"a rack taken out of a ring", validRing, []change{{"spec.cassandra.racks", "[{name: rack2}, {name: rack3}]"}}, ""},
	{"a rack taken out of a datacenter of a ring", validRing, []change{{"spec.cassandra.datacenters.0.racks", "[{name: rack1}, {name: rack3}]"}}, ""},
	{"a rack with its nodes", validDatacenter, []change{{"spec.size", "4"}, {"spec.racks", "[{name: rack1}, {name: rack2}, {name: rack3}, {name: rack4}]"}}, ""},
	{"zone of a rack with the bypass", validDatacenter, []change{bypass, {"spec.racks.0.zone", "z"}}, ""},
	{"racks reordered with the bypass", validDatacenter, []change{bypass, {"spec.racks", "[{name: rack2}, {name: rack1}, {name: rack3}]"}}, ""},
	{"superuserSecretName with the bypass", validDatacenter, []change{bypass, {"spec.superuserSecretName", "other"}}, ""},
	{"serviceAccount with the bypass", validDatacenter, []change{bypass, {"spec.serviceAccount", "other"}}, ""},
	{"allowMultipleNodesPerWorker with the bypass", validDatacenter, []change{bypass, {"spec.allowMultipleNodesPerWorker", "true"},
		{"spec.resources", "{requests: {cpu: 1, memory: 1Gi}, limits: {cpu: 1, memory: 1Gi}}"}}, ""},
	{"storage class with the bypass", validDatacenter, []change{bypass, {claim("storageClassName"), "fast"}}, ""},
	{"access modes with the bypass", validDatacenter, []change{bypass, {claim("accessModes"), "[ReadWriteOncePod]"}}, ""},
	{"less storage with the bypass", validDatacenter, []change{bypass, {claim("resources.requests.storage"), "9Gi"}}, ""},
	{"num_tokens as they were without", ringWithoutTokens, []change{{"spec.cassandra.config", "{cassandraYaml: {num_tokens: 16}}"}}, ""},
	{"num_tokens as text", validRing, []change{{"spec.cassandra.config.cassandraYaml.num_tokens", "'16'"}}, ""},
	{"more storage as a number of bytes", validDatacenter, []change{storageChanges, {claim("resources.requests.storage"), "20000000000"}}, ""},
	{"no num_tokens any more", validRing, []change{{"spec.cassandra.config", "-"}}, ""},
	{"a rack put behind a ring's others", validRing, []change{{"spec.cassandra.datacenters.0.racks", "[{name: rack1}, {name: rack2}, {name: rack3}, {name: rack4}]"}, {"spec.cassandra.datacenters.0.size", "4"}}, ""},
	{"the same num_tokens said twice", validRing, []change{{"spec.cassandra.datacenters.0.config", "{cassandraYaml: {num_tokens: 16}}"}}, ""},
	{"32 datacenters of 64 racks, changed", bigRing, []change{{"spec.cassandra.datacenters.0.size", "65"}}, ""},
	{"a datacenter more", validRing, []change{{"spec.cassandra.datacenters.2", "{metadata: {name: dc3}, size: 3}"}}, ""},
}

func TestInvalidObjectsAreRefused(t *testing.T) {
	c := strict(kubetest.Shared(t))
	for _, test := range refusedAtCreation {
		t.Run(kind(test.object)+"/"+test.name, func(t *testing.T) {
			obj := parse(t, test.object)
			if err := c.Create(t.Context(), obj.DeepCopy()); err != nil {
				t.Fatalf("the object that the test changes is refused: %v", err)
			}
			apply(t, obj, test.changes)
			refusedWith(t, c.Create(t.Context(), obj), test.want)
		})
	}
}

func TestValidObjectsAreAccepted(t *testing.T) {
	c := strict(kubetest.Shared(t))
	for _, test := range allowedAtCreation {
		t.Run(kind(test.object)+"/"+test.name, func(t *testing.T) {
			obj := parse(t, test.object)
			apply(t, obj, test.changes)
			if err := c.Create(t.Context(), obj); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestInvalidUpdatesAreRefused(t *testing.T) {
	cluster := kubetest.Shared(t)
	for _, test := range slices.Concat(refusedAtUpdate, refusedWithoutRacks) {
		t.Run(kind(test.object)+"/"+test.name, func(t *testing.T) {
			refusedWith(t, update(t, cluster, test), test.want)
		})
	}
}

func TestValidUpdatesAreAccepted(t *testing.T) {
	cluster := kubetest.Shared(t)
	for _, test := range slices.Concat(allowedAtUpdate, allowedWithoutRacks) {
		t.Run(kind(test.object)+"/"+test.name, func(t *testing.T) {
			if err := update(t, cluster, test); err != nil {
				t.Error(err)
			}
		})
	}
}

// A datacenter that grows isn't asked for more until that is done. It may be asked for less at any time: who sees that a pod can't be
// placed sets the size back. One whose nodes leave may change it: who sees that a node can't leave sets the size back, and a
// join that waits for it must not be in the way.
func TestSizeWhileScaling(t *testing.T) {
	cluster := kubetest.Shared(t)
	for name, test := range map[string]struct{ conditions, size, refused string }{
		"grows":                             {"[{type: ScalingUp, status: 'True', reason: r, message: m}]", "6", "spec.size: cannot be raised while"},
		"grows, and fewer are asked for":    {"[{type: ScalingUp, status: 'True', reason: r, message: m}, {type: ScalingDown, status: 'False', reason: r, message: m}]", "2", ""},
		"shrinks":                           {"[{type: ScalingDown, status: 'True', reason: r, message: m}]", "2", ""},
		"shrinks, and the size is set back": {"[{type: ScalingDown, status: 'True', reason: r, message: m}]", "4", ""},
		"shrinks, with a join that waits":   {"[{type: ScalingUp, status: 'True', reason: r, message: m}, {type: ScalingDown, status: 'True', reason: r, message: m}]", "2", ""},
	} {
		t.Run(name, func(t *testing.T) {
			obj := parse(t, bareDatacenter)
			obj.SetNamespace(cluster.Namespace(t))
			if err := cluster.Client.Create(t.Context(), obj); err != nil {
				t.Fatal(err)
			}
			apply(t, obj, []change{{"status", "{conditions: " + test.conditions + "}"}})
			if err := cluster.Client.Status().Update(t.Context(), obj); err != nil {
				t.Fatal(err)
			}
			apply(t, obj, []change{{"spec.size", test.size}})
			if err := cluster.Client.Update(t.Context(), obj); test.refused != "" {
				refusedWith(t, err, test.refused)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

// A rack that was taken out and has nodes still is put back as it was, wherever it stood and whatever the size is.
func TestARackIsPutBack(t *testing.T) {
	cluster := kubetest.Shared(t)
	nodes := "{nodeStatuses: {multi-region-dc1-rack2-sts-0: {hostID: id, rack: rack2}}}"
	for name, test := range map[string]struct{ object, racks, status, back, refused string }{
		"where it was":       {validDatacenter, "spec.racks", nodes, "[{name: rack1}, {name: rack2}, {name: rack3}]", ""},
		"at the end":         {validDatacenter, "spec.racks", nodes, "[{name: rack1}, {name: rack3}, {name: rack2}]", ""},
		"without nodes":      {validDatacenter, "spec.racks", "{}", "[{name: rack1}, {name: rack3}, {name: rack2}]", "must grow by at least the nodes of a rack"},
		"as another one":     {validDatacenter, "spec.racks", nodes, "[{name: rack1}, {name: rack4}, {name: rack3}]", "must grow by at least the nodes of a rack"},
		"instead of another": {validDatacenter, "spec.racks", nodes, "[{name: rack1}, {name: rack2}]", "racks cannot be renamed"},
		"in a ring":          {validRing, "spec.cassandra.racks", "{datacenters: {dc1: {cassandra: " + nodes + "}, dc2: {cassandra: " + nodes + "}}}", "[{name: rack1}, {name: rack2}, {name: rack3}]", ""},
		"in a part of it":    {validRing, "spec.cassandra.racks", "{datacenters: {dc1: {cassandra: " + nodes + "}}}", "[{name: rack1}, {name: rack2}, {name: rack3}]", "reordered"},
	} {
		t.Run(name, func(t *testing.T) {
			obj := parse(t, test.object)
			obj.SetNamespace(cluster.Namespace(t))
			apply(t, obj, []change{{test.racks, "[{name: rack1}, {name: rack3}]"}})
			if err := cluster.Client.Create(t.Context(), obj); err != nil {
				t.Fatal(err)
			}
			apply(t, obj, []change{{"status", test.status}})
			if err := cluster.Client.Status().Update(t.Context(), obj); err != nil {
				t.Fatal(err)
			}
			apply(t, obj, []change{{test.racks, test.back}})
			if err := cluster.Client.Update(t.Context(), obj); test.refused != "" {
				refusedWith(t, err, test.refused)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

func strict(cluster *kubetest.Cluster) client.Client {
	return client.WithFieldValidation(client.NewDryRunClient(cluster.Client), "Strict")
}

// update makes the object and changes it.
func update(t *testing.T, cluster *kubetest.Cluster, test invalid) error {
	t.Helper()
	obj := parse(t, test.object)
	obj.SetNamespace(cluster.Namespace(t))
	if err := cluster.Client.Create(t.Context(), obj); err != nil {
		t.Fatal(err)
	}
	apply(t, obj, test.changes)
	return cluster.Client.Update(t.Context(), obj)
}

func refusedWith(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v\nwant a refusal with %q", err, want)
	}
}

func parse(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	u := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(text), &u.Object); err != nil {
		t.Fatal(err)
	}
	return u
}

func kind(object string) string {
	_, rest, _ := strings.Cut(object, "kind: ")
	name, _, _ := strings.Cut(rest, "\n")
	return name
}

func apply(t *testing.T, obj *unstructured.Unstructured, changes []change) {
	t.Helper()
	for _, c := range changes {
		var value any
		if err := yaml.Unmarshal([]byte(c.value), &value); err != nil {
			t.Fatal(err)
		}
		if c.value == "-" {
			value = nil
		}
		obj.Object = with(obj.Object, strings.Split(c.path, "."), value).(map[string]any)
	}
}

// with returns the tree with a value at a path, nil for removing it.
func with(tree any, path []string, value any) any {
	if len(path) == 0 {
		return value
	}
	if list, ok := tree.([]any); ok {
		i := int(path[0][0] - '0')
		for len(list) <= i {
			list = append(list, nil)
		}
		list[i] = with(list[i], path[1:], value)
		return list
	}
	m, _ := tree.(map[string]any)
	if m == nil {
		m = map[string]any{}
	}
	next := with(m[path[0]], path[1:], value)
	if next == nil {
		delete(m, path[0])
	} else {
		m[path[0]] = next
	}
	return m
}
