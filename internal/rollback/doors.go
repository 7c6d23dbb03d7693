package rollback

import (
	"reflect"
	"slices"
	"strings"
)

// opens tells whether a part of a pod gives its processes more than a pod has by itself: rights on their machine, or a port of it.
func opens(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		for field, value := range v {
			if isDoor(field, value) || opens(value) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, opens)
	}
	return false
}

func isDoor(field string, value any) bool {
	switch field {
	case "hostPort", "add", "sysctls": // add is that of capabilities
		return true
	case "privileged", "allowPrivilegeEscalation":
		return value == true
	case "runAsNonRoot":
		return value == false
	case "runAsUser", "runAsGroup":
		return value == int64(0)
	case "type", "procMount": // of the profile of seccomp or AppArmor
		return value == "Unconfined" || value == "Unmasked"
	}
	return false
}

// opensEither tells whether a field opens something, or did: then it stays as a person has left it.
func opensEither(now, was map[string]any, field string) bool {
	return !reflect.DeepEqual(now[field], was[field]) && (opens(now[field]) || opens(was[field]))
}

// containerDoors are the fields of a container that may open something.
var containerDoors = []string{"ports", "securityContext"}

// opensContainer tells whether a container opens something that another state of it doesn't, or doesn't as that one does.
func opensContainer(now, was map[string]any) bool {
	return slices.ContainsFunc(containerDoors, func(field string) bool { return opensEither(now, was, field) })
}

// configures tells whether an environment variable decides what a line of options or a setting that stays does, which can't be told of
// one for the JVM whose value is elsewhere; or what is loaded before Cassandra is, or how its agent is reached.
func configures(variable map[string]any) bool {
	name := textOf(variable["name"])
	if slices.ContainsFunc([]string{"CONFIG_FILE", "CASSANDRA_", "DSE_", "MGMT_API_", "LD_"}, func(start string) bool { return strings.HasPrefix(name, start) }) {
		return true
	}
	return variable["valueFrom"] != nil && hasAny(name, []string{"JAVA", "JVM"}) || slices.ContainsFunc(strings.Fields(textOf(variable["value"])), lineStays)
}
