package grant

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Annotation of a namespace lists who may reach into it: NAMESPACE for all rings, ReplicatedSecrets and Propagations of a namespace, or
// NAMESPACE/NAME for one, separated by commas.
const Annotation = "ringspan.io/accepts-from"

// Asker is a ring, a ReplicatedSecret or a Propagation.
type Asker struct{ Namespace, Name string }

// String is the entry that allows this one and no other.
func (a Asker) String() string { return a.Namespace + "/" + a.Name }

// Own tells whether a namespace is the asker's own, here or in another region.
func (a Asker) Own(namespace string) bool { return a.Namespace == namespace }

// Accepts tells whether the namespace has a grant for the asker; nil is a namespace that doesn't exist.
func Accepts(ns *corev1.Namespace, a Asker) bool {
	return ns != nil && slices.ContainsFunc(entries(ns), func(e string) bool { return e == a.Namespace || e == a.String() })
}

func entries(ns *corev1.Namespace) (all []string) {
	for e := range strings.SplitSeq(ns.Annotations[Annotation], ",") {
		if e = strings.TrimSpace(e); e != "" {
			all = append(all, e)
		}
	}
	return all
}

// With is the annotation's value with the asker's entry added.
func With(ns *corev1.Namespace, a Asker) string {
	if Accepts(ns, a) {
		return ns.Annotations[Annotation]
	}
	if ns == nil {
		return a.String()
	}
	return strings.Join(append(entries(ns), a.String()), ",")
}

// Missing says in one sentence what is not allowed, and the command that allows it. region is a kubectl context.
func Missing(what, region, name string, ns *corev1.Namespace, a Asker) string {
	command := fmt.Sprintf("kubectl --context %s annotate --overwrite namespace %s %s=%s", region, name, Annotation, With(ns, a))
	if ns == nil {
		command = fmt.Sprintf("kubectl --context %s create namespace %s && %s", region, name, command)
	}
	return fmt.Sprintf("%s: namespace %s of region %s does not accept it from %s; to allow it: %s", what, name, region, a, command)
}

// Guarded are namespaces whose service accounts can be anything in a cluster. What comes from the namespace of that name
// in another region needs a grant too.
func Guarded(namespace, operators string) bool {
	return strings.HasPrefix(namespace, "kube-") || namespace == operators
}
