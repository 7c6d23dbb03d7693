package datacenter

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/cassandra"
	"github.com/ringspan/ringspan/internal/hash"
	"github.com/ringspan/ringspan/internal/version"
)

// A configuration that comes from a Secret reaches the pods through copies of it: Secrets of the datacenter's own that never
// change, to which pod templates refer by name. So a container that is restarted has what its pod was made with, and a pod what
// its template says, whatever becomes of the user's Secret meanwhile; and no object but a Secret has the values.

// ConfigKey of the user's Secret, and of its copies, has the configuration as JSON.
const ConfigKey = "config"

// ConfigCopyLabel is "true" on copies of configurations.
const ConfigCopyLabel = "ringspan.io/config-copy"

// configVariable is the environment variable in which the agent gets its configuration.
const configVariable = "CONFIG_FILE_DATA"

// ConfigSecret is the Secret that spec.configSecret names, with the copies that the datacenter has.
type ConfigSecret struct {
	Data    json.RawMessage       // the configuration; nil when the Secret can't be used
	Error   string                // why it can't; it has nothing of the Secret's content
	Version string                // of the Secret
	Copies  map[string]ConfigCopy // by name
}

// ConfigCopy is one copy: CONFIG_FILE_DATA of the pods that refer to it, and what of the user's it was made of.
type ConfigCopy struct {
	UID     types.UID
	Data    json.RawMessage
	Source  json.RawMessage
	Version string // of the Secret when it first had this content
}

// Keys and annotation of a copy beside ConfigKey.
const (
	sourceKey               = "source"
	configVersionAnnotation = "ringspan.io/config-version"
)

// CopyOf is what a Secret that is a copy says.
func CopyOf(secret *corev1.Secret) ConfigCopy {
	return ConfigCopy{UID: secret.UID, Data: secret.Data[ConfigKey], Source: secret.Data[sourceKey], Version: secret.Annotations[configVersionAnnotation]}
}

// ReadConfigSecret takes the configuration out of a Secret; nil is one that doesn't exist.
func ReadConfigSecret(dc *api.CassandraDatacenter, secret *corev1.Secret) (c ConfigSecret) {
	name := dc.Spec.ConfigSecret
	if secret == nil {
		c.Error = fmt.Sprintf("spec.configSecret: Secret %s does not exist in namespace %s", name, dc.Namespace)
		return c
	}
	if data := secret.Data[ConfigKey]; len(bytes.TrimSpace(data)) == 0 {
		c.Error = fmt.Sprintf("spec.configSecret: Secret %s has no key %s; it needs the configuration there, as JSON like that of spec.config", name, ConfigKey)
	} else if wrong := configError(data); wrong != "" {
		c.Error = fmt.Sprintf("spec.configSecret: Secret %s, key %s: %s", name, ConfigKey, wrong)
	} else {
		c.Data, c.Version = slices.Clone(data), string(secret.UID)+"/"+secret.ResourceVersion
	}
	return c
}

// configError says what is wrong with a configuration, without any of its values; "" when nothing is. What sections hold is the
// agent's and Cassandra's to judge, as that of spec.config is.
func configError(data []byte) string {
	var doc map[string]json.RawMessage
	var syntax *json.SyntaxError
	switch err := json.Unmarshal(data, &doc); {
	case errors.As(err, &syntax):
		return fmt.Sprintf("it is not JSON: see byte %d", syntax.Offset)
	case err != nil || doc == nil:
		return "it is not a JSON object, which has a section for each file, such as cassandra-yaml"
	}
	for _, section := range slices.Sorted(maps.Keys(doc)) {
		var object map[string]json.RawMessage
		switch {
		case !cassandra.IsSection(section):
			return fmt.Sprintf("%q is no section that nodes know", section)
		case section != cassandra.BaseSection && (json.Unmarshal(doc[section], &object) != nil || object == nil):
			return fmt.Sprintf("section %s is not a JSON object", section)
		}
	}
	return ""
}

// configSecretError is why the Secret of the configuration can't be used; "" when it can, or there is none.
func (s *State) configSecretError() string {
	if s.DC.Spec.ConfigSecret == "" || s.ConfigSecret.Data != nil {
		return ""
	}
	return or(s.ConfigSecret.Error, "spec.configSecret: Secret "+s.DC.Spec.ConfigSecret+" was not read")
}

// given is the configuration that the nodes are to have. While the Secret can't be used it is the one that was good last.
func (s *State) given() json.RawMessage {
	if s.DC.Spec.ConfigSecret == "" {
		return s.DC.Spec.Config
	}
	if s.ConfigSecret.Data != nil {
		return s.ConfigSecret.Data
	}
	for _, rack := range s.DC.RackNames() { // a change reaches the first rack first
		if set := s.lastSet(rack); set != nil {
			if data, known := s.configOf(&set.Spec.Template.Spec); known {
				return data
			}
		}
	}
	return nil
}

// config is the configuration as an object.
func (s *State) config() map[string]any {
	out := map[string]any{}
	_ = json.Unmarshal(s.given(), &out) // the API server lets only objects through, and so does ReadConfigSecret
	return out
}

func (s *State) cassandraYAML() map[string]any {
	y, _ := s.config()["cassandra-yaml"].(map[string]any)
	return y
}

// configField is where the configuration is said, for people.
func (s *State) configField() string {
	return pick(s.DC.Spec.ConfigSecret == "", "spec.config", "spec.configSecret")
}

// configDocument is CONFIG_FILE_DATA: the user's configuration with the names of cluster, datacenter and seed services.
func (s *State) configDocument() (string, error) {
	doc := s.config()
	if s.DC.Spec.ConfigSecret != "" {
		doc = exact(s.given())
	}
	doc["cluster-info"] = map[string]any{"name": s.DC.Spec.ClusterName, "seeds": s.names().SeedService() + "," + s.names().AdditionalSeedService()}
	doc["datacenter-info"] = map[string]any{"name": s.name(), "graph-enabled": 0, "solr-enabled": 0, "spark-enabled": 0}
	s.announceNodePort(doc)
	data, err := json.Marshal(doc)
	return string(data), err
}

// exact is a JSON object whose numbers are as they were written.
func exact(data []byte) map[string]any {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	out := map[string]any{}
	_ = decoder.Decode(&out) // ReadConfigSecret has read it
	return out
}

// spelled is a JSON object in one spelling.
func spelled(data []byte) string {
	text, _ := json.Marshal(exact(data)) // it was just read
	return string(text)
}

// configEnv gives the agent its configuration, or says in which copy it is.
func (s *State) configEnv() (corev1.EnvVar, error) {
	if s.DC.Spec.ConfigSecret == "" {
		data, err := s.configDocument()
		return env(configVariable, data), err
	}
	return corev1.EnvVar{Name: configVariable, ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
		LocalObjectReference: corev1.LocalObjectReference{Name: s.configCopy()}, Key: ConfigKey}}}, nil
}

// configVersion tells what the Secret says from what it said before, by the version that it had when it first said it. A hash of
// its content, which may be short, could be guessed from. It is "" when the Secret can't be used.
func (s *State) configVersion() string {
	if s.DC.Spec.ConfigSecret == "" || s.ConfigSecret.Data == nil {
		return ""
	}
	want := spelled(s.ConfigSecret.Data)
	for _, name := range slices.Sorted(maps.Keys(s.ConfigSecret.Copies)) {
		if one := s.ConfigSecret.Copies[name]; spelled(one.Source) == want {
			return one.Version
		}
	}
	return s.ConfigSecret.Version
}

// configCopy is the copy that has what nodes are to get; "" when the Secret can't be used. One that holds the same is taken again. The name
// of a new one follows from the version of the Secret, and from what this program adds.
func (s *State) configCopy() string {
	of := s.configVersion()
	document, err := s.configDocument()
	if of == "" || err != nil {
		return ""
	}
	want := spelled([]byte(document))
	for _, name := range slices.Sorted(maps.Keys(s.ConfigSecret.Copies)) {
		if spelled(s.ConfigSecret.Copies[name].Data) == want {
			return name
		}
	}
	bare := *s
	bare.ConfigSecret.Data = json.RawMessage("{}")
	added, _ := bare.configDocument() // as the one above
	return s.names().ConfigSecret() + "-" + hash.Text(strings.Join([]string{of, added, version.Version}, "\n"), 5)
}

// configOf is the configuration that a pod gives to its node, and whether that can be read.
func (s *State) configOf(pod *corev1.PodSpec) (json.RawMessage, bool) {
	c := cassandraOf(pod)
	if c == nil {
		return nil, false
	}
	if name := copyIn(pod); name != "" {
		one, there := s.ConfigSecret.Copies[name]
		return one.Data, there
	}
	return json.RawMessage(valueOf(c, configVariable)), true
}

// copyIn is the copy that a pod's agent gets its configuration from; "" when it is in the pod itself.
func copyIn(pod *corev1.PodSpec) string {
	c := cassandraOf(pod)
	if c == nil {
		return ""
	}
	for _, e := range c.Env {
		if e.Name == configVariable && e.ValueFrom != nil && e.ValueFrom.SecretKeyRef != nil {
			return e.ValueFrom.SecretKeyRef.Name
		}
	}
	return ""
}

// cassandraOf is the container of a pod's node; nil when it has none.
func cassandraOf(pod *corev1.PodSpec) *corev1.Container {
	i := slices.IndexFunc(pod.Containers, func(c corev1.Container) bool { return c.Name == "cassandra" })
	if i < 0 {
		return nil
	}
	return &pod.Containers[i]
}

// NeedsCopies tells whether the copies of the configuration have to be known: one is to be made, or is referred to.
func (s *State) NeedsCopies() bool { return s.DC.Spec.ConfigSecret != "" || len(s.copiesInUse()) > 0 }

// copiesInUse are those that pods, and templates of pods, refer to.
func (s *State) copiesInUse() map[string]bool {
	used := map[string]bool{}
	for _, t := range s.podTemplates() {
		used[copyIn(&t.Spec)] = true
	}
	for i := range s.Pods {
		if s.Pods[i].Object != nil {
			used[copyIn(&s.Pods[i].Object.Spec)] = true
		}
	}
	delete(used, "")
	return used
}

// lacksCopy tells whether racks wait for the copy that they are to refer to.
func (s *State) lacksCopy() bool {
	name := s.configCopy()
	_, there := s.ConfigSecret.Copies[name]
	return name != "" && !there
}

// planConfig makes the copy of the configuration, before anything refers to it.
func (s *State) planConfig(p *Plan) {
	p.Refused = s.PerNode.Error
	switch {
	case s.DC.Spec.ConfigSecret == "":
	case s.ConfigSecret.Data == nil:
		p.Refused = s.configSecretError()
	case s.lacksCopy():
		data, err := s.configDocument()
		if err != nil {
			p.Refused = s.configField() + ": " + err.Error()
			return
		}
		p.add(CopyConfig, s.configCopy(), "Secret "+s.DC.Spec.ConfigSecret+" has another configuration", Step{Object: s.configCopyOf(data)})
	}
}

func (s *State) configCopyOf(data string) *corev1.Secret {
	meta := s.meta(s.configCopy())
	meta.Labels[ConfigCopyLabel] = "true"
	meta.Annotations = merged(meta.Annotations, map[string]string{configVersionAnnotation: s.configVersion()})
	return &corev1.Secret{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"}, ObjectMeta: meta, Immutable: new(true),
		Data: map[string][]byte{ConfigKey: []byte(data), sourceKey: s.ConfigSecret.Data}}
}

// planCopies deletes the copies that nothing refers to any more, once all racks are as they should be: until then a pod may be
// made from a template that is about to be replaced.
func (s *State) planCopies(p *Plan) {
	if p.Updating || p.mounts || p.NeedsUpdate || len(p.held) > 0 || !p.Quiet() || len(p.Steps) > 0 || s.remaking() != nil || len(s.RemovedRackSets) > 0 || s.templateUnobserved() {
		return
	}
	used := s.copiesInUse()
	used[s.configCopy()] = true
	for _, name := range slices.Sorted(maps.Keys(s.ConfigSecret.Copies)) {
		if used[name] {
			continue
		}
		old := &corev1.Secret{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"}}
		old.Namespace, old.Name, old.UID = s.DC.Namespace, name, s.ConfigSecret.Copies[name].UID
		p.add(Delete, key(old), "no pod has this configuration any more", Step{Object: old})
	}
}
