package client

import (
	"fmt"
	"strings"
)

// Kinds of tasks, as they are called in Kubernetes.
const (
	OneDatacenter = "CassandraTask"
	OverRegions   = "K8ssandraTask"
)

// Name says which task.
type Name struct {
	Kind, Namespace, Name string
	// Region of a CassandraTask. A K8ssandraTask is in all of them.
	Region string
}

func (n Name) String() string {
	text := fmt.Sprintf("%s %s/%s", n.Kind, n.Namespace, n.Name)
	if n.Region != "" {
		text += " in region " + n.Region
	}
	return text
}

// Which chooses among tasks; what is empty chooses nothing.
type Which struct{ Name, Namespace, Region string }

// named are the tasks of a name.
func named(all []View, q Which) (found []View) {
	for _, v := range all {
		if v.Name == q.Name && (q.Namespace == "" || q.Namespace == v.Namespace) && (q.Region == "" || v.Region == "" || q.Region == v.Region) {
			found = append(found, v)
		}
	}
	return found
}

// Find is the one task of a name.
func (s Seen) Find(q Which) (View, error) {
	found := named(s.Views(), q)
	switch len(found) {
	case 0:
		return View{}, fmt.Errorf("there is no task %s%s; `ringspan task list` shows those that there are", q.Name, s.unseen())
	case 1:
		return found[0], nil
	}
	var names []string
	for _, v := range found {
		names = append(names, v.Is().String())
	}
	return View{}, fmt.Errorf("several tasks are named %s: %s; choose one with --namespace or --region", q.Name, strings.Join(names, ", "))
}
