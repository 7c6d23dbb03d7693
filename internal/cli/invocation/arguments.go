package invocation

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// One is the argument check of a verb that takes just one.
func One(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) == 0:
			return fmt.Errorf("%s needs a %s", cmd.CommandPath(), what)
		case len(args) > 1:
			return fmt.Errorf("%s takes one %s, and there are %d: %s", cmd.CommandPath(), what, len(args), strings.Join(args, " "))
		}
		return nil
	}
}

// None is the argument check of a verb that takes none.
func None(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%s takes no argument, and %q is one", cmd.CommandPath(), args[0])
	}
	return nil
}

// MarkUsageErrors makes what the argument checks of a verb and of its parts say usage
// errors.
func MarkUsageErrors(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return Usage(cmd, err)
			}
			return nil
		}
	}
	for _, child := range cmd.Commands() {
		MarkUsageErrors(child)
	}
}

// CompleteYAML completes the names of YAML files.
func CompleteYAML(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
}
