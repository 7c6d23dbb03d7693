package invocation

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// Output is what -o chooses.
type Output struct {
	Format string

	formats []string
}

// Flag adds -o; the first of the formats is the default.
func (o *Output) Flag(cmd *cobra.Command, formats ...string) {
	o.formats = formats
	cmd.Flags().StringVarP(&o.Format, "output", "o", formats[0], "print as `FORMAT`: "+listed("or", formats))
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
}

// Check refuses a format that there isn't.
func (o *Output) Check(cmd *cobra.Command) error {
	if slices.Contains(o.formats, o.Format) {
		return nil
	}
	return Usage(cmd, fmt.Errorf("-o %q: there are %s", o.Format, listed("and", o.formats)))
}

// listed is "a, b and c", or with another word before the last.
func listed(word string, all []string) string {
	if len(all) < 2 {
		return strings.Join(all, "")
	}
	last := len(all) - 1
	return strings.Join(all[:last], ", ") + " " + word + " " + all[last]
}

// PrintJSON prints a result for programs.
func PrintJSON(out io.Writer, v any) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}
