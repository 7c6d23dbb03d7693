package invocation

import "github.com/spf13/cobra"

// CompleteRegions completes the names of a fleet's regions.
func CompleteRegions(f *Fleet) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return completeRegions(f), cobra.ShellCompDirectiveNoFileComp
	}
}
