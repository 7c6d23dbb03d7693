package task

import (
	"strings"

	api "github.com/ringspan/ringspan/api/control/v1alpha1"
)

// Info is what a command is to those who ask for it.
type Info struct {
	Name api.CassandraCommand `json:"name"`
	// About says what it does.
	About string `json:"about"`
	// Arguments are the names of those that it reads.
	Arguments []string `json:"arguments"`
}

// Commands are all that a task can ask for in this version, by name.
func Commands() (all []Info) {
	for _, c := range commands() {
		info := Info{Name: c.name, About: c.about, Arguments: []string{}}
		if c.refuse == nil || !strings.HasPrefix(c.refuse(api.JobArguments{RackName: "any"}), "rack:") {
			info.Arguments = append(info.Arguments, "rack")
		}
		info.Arguments = append(info.Arguments, c.arguments...)
		all = append(all, info)
	}
	return all
}
