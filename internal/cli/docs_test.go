package cli

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/ringspan/ringspan/internal/cli/invocation"
)

const reference = "../../docs/reference/cli.md"

// section of the reference: its title, what it says of its own, and the help.
var section = regexp.MustCompile("(?s)\n## (ringspan(?: [a-z]+)*)\n(.*?)```\n(.*?)```\n")

// The reference has the help of every verb and of its parts; UPDATE=1 writes it.
func TestTheReferenceIsTheHelp(t *testing.T) {
	data, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	want := section.ReplaceAllStringFunc(string(data), func(s string) string {
		m := section.FindStringSubmatch(s)
		there[m[1]] = true
		return "\n## " + m[1] + "\n" + m[2] + "```\n" + helpOf(t, m[1]) + "```\n"
	})
	before := "" // the verb that stands before, a parent before its parts
	for _, title := range verbs(newRoot()) {
		if !there[title] {
			want = insert(want, before, "\n## "+title+"\n\n```\n"+helpOf(t, title)+"```\n")
		}
		before = title
	}
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(reference, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(data), want); diff != "" {
		t.Errorf("%s is not what --help says; UPDATE=1 writes it:\n%s", reference, diff)
	}
}

// The reference says which verbs end with the code for what was left out, and so does their help.
func TestWhatIsLeftOutHasItsExitCode(t *testing.T) {
	data, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile(fmt.Sprintf(`(?m)^\| %d \|.*$`, invocation.ExitLeftOut)).FindString(string(data))
	for _, verb := range []string{"up", "rollout undo"} {
		if !strings.Contains(row, "`"+verb+"`") {
			t.Errorf("%s isn't in the row of the table: %s", verb, row)
		}
		if help := strings.Join(strings.Fields(helpOf(t, "ringspan "+verb)), " "); !strings.Contains(help, fmt.Sprintf("the exit code is %d", invocation.ExitLeftOut)) {
			t.Errorf("the help of %s doesn't say it", verb)
		}
	}
}

// verbs are those that people call, each before its parts, without those that the library adds.
func verbs(of *cobra.Command) (all []string) {
	for _, cmd := range of.Commands() {
		if cmd.Hidden {
			continue
		}
		all = append(append(all, cmd.CommandPath()), verbs(cmd)...)
	}
	return all
}

// insert puts a section behind that of another title.
func insert(page, title, text string) string {
	at := strings.Index(page, "\n## "+title+"\n") + 1
	if end := strings.Index(page[at:], "\n## "); end >= 0 {
		return page[:at+end] + text + page[at+end:]
	}
	return page + text
}

func helpOf(t *testing.T, title string) string {
	t.Helper()
	var out bytes.Buffer
	args := strings.Fields(title + " --help")[1:]
	if code := Run(t.Context(), args, strings.NewReader(""), &out, &out); code != 0 {
		t.Fatalf("%v: exit code %d: %s", args, code, &out)
	}
	return out.String()
}
