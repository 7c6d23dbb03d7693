package grant

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Annotation of a namespace lists who may reach into it, separated by commas: NAMESPACE for all rings of a namespace, with their tasks,
// and its ReplicatedSecrets, NAMESPACE/NAME for one; and for its Propagations, which may bring anything, the same after a prefix
// of their own, as in propagation:NAMESPACE. An operator of a version that doesn't know the prefix accepts nothing by it.
const Annotation = "ringspan.io/accepts-from"

// Propagation is the prefix for Propagations.
const Propagation = "propagation"

// Asker is a ring, a ReplicatedSecret or a Propagation.
type Asker struct {
	Kind            string // the prefix that a grant must have; "" for those that need none
	Namespace, Name string
}

// String is the name of this one, as in a grant without a prefix.
func (a Asker) String() string { return a.Namespace + "/" + a.Name }

// entry allows this one and no other, wide all of its namespace.
func (a Asker) entry() string { return a.prefix() + a.String() }
func (a Asker) wide() string  { return a.prefix() + a.Namespace }

func (a Asker) prefix() string {
	if a.Kind == "" {
		return ""
	}
	return a.Kind + ":"
}

// called is how sentences name the asker.
func (a Asker) called() string {
	if a.Kind == Propagation {
		return "Propagation " + a.String()
	}
	return a.String()
}

// Own tells whether a namespace is the asker's own, here or in another region.
func (a Asker) Own(namespace string) bool { return a.Namespace == namespace }

// Accepts tells whether the namespace has a grant for the asker; nil is a namespace that doesn't exist.
func Accepts(ns *corev1.Namespace, a Asker) bool {
	return ns != nil && slices.ContainsFunc(entries(ns), func(e string) bool { return e == a.wide() || e == a.entry() })
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
		return a.entry()
	}
	return strings.Join(append(entries(ns), a.entry()), ",")
}

// Missing says in one sentence what is not allowed, and the command that allows it. region is a kubectl context.
func Missing(what, region, name string, ns *corev1.Namespace, a Asker) string {
	command := fmt.Sprintf("kubectl --context %s annotate --overwrite namespace %s %s=%s", region, name, Annotation, With(ns, a))
	if ns == nil {
		command = fmt.Sprintf("kubectl --context %s create namespace %s && %s", region, name, command)
	}
	return fmt.Sprintf("%s: namespace %s of region %s does not accept it from %s; to allow it: %s", what, name, region, a.called(), command)
}

// Guarded are namespaces whose service accounts can be anything in a cluster. What comes from the namespace of that name
// in another region needs a grant too.
func Guarded(namespace, operators string) bool {
	return strings.HasPrefix(namespace, "kube-") || namespace == operators
}
