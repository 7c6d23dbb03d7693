package datacenter

import (
	"slices"
	"strings"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/cassandra"
)

// operatorsKeystore is the key store between nodes that cass-operator makes for a datacenter that names it.
const operatorsKeystore = "/etc/encryption/node-keystore.jks"

// configNotActedOn lists what of the configuration has no effect. A section that nobody knows is refused by the agent.
func (s *State) configNotActedOn() (names []string) {
	doc, yaml, field := s.config(), s.cassandraYAML(), s.configField()
	if s.DC.Spec.ConfigSecret != "" && len(s.DC.Spec.Config) > 0 {
		names = append(names, "spec.config (spec.configSecret takes its place)")
	}
	for _, section := range cassandra.IdleSections {
		if doc[section] != nil {
			names = append(names, field+"."+section+" (not for this Cassandra)")
		}
	}
	for _, key := range cassandra.Replaced(yaml) {
		names = append(names, field+".cassandra-yaml."+key+" (replaced: it identifies the node)")
	}
	if s.queryLogNotActedOn() {
		names = append(names, field+".cassandra-yaml."+queryLog+" (agents of a former version don't switch the log on)")
	}
	between, _ := yaml["server_encryption_options"].(map[string]any)
	if between["keystore"] == operatorsKeystore && !s.mountsEncryption() {
		names = append(names, field+".cassandra-yaml.server_encryption_options ("+operatorsKeystore+" isn't made)")
	}
	return names
}

// mountsEncryption tells whether the user brings the directory of the key store.
func (s *State) mountsEncryption() bool {
	var paths []string
	for _, v := range s.DC.Spec.StorageConfig.AdditionalVolumes {
		paths = append(paths, v.MountPath)
	}
	if t := s.DC.Spec.PodTemplateSpec; t != nil {
		for _, c := range t.Spec.Containers {
			for _, m := range c.VolumeMounts {
				paths = append(paths, m.MountPath)
			}
		}
	}
	return slices.ContainsFunc(paths, func(path string) bool {
		return path == operatorsKeystore || strings.HasPrefix(operatorsKeystore, strings.TrimSuffix(path, "/")+"/")
	})
}

// annotationsNotActedOn lists annotations, of the datacenter and of its pods, that ask for what nobody does.
func (s *State) annotationsNotActedOn() (names []string) {
	if hasKey(s.DC.Annotations, api.UseNewConfigBuilderAnnotation) {
		names = append(names, "annotation "+api.UseNewConfigBuilderAnnotation)
	}
	pods := s.DC.Spec.AdditionalAnnotations
	if t := s.DC.Spec.PodTemplateSpec; t != nil {
		pods = merged(pods, t.Annotations)
	}
	if hasKey(pods, k8ssandra.SecretInjectionAnnotation) {
		names = append(names, "annotation "+k8ssandra.SecretInjectionAnnotation+" of the pods")
	}
	return names
}
