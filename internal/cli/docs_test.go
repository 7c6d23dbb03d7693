package cli

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const reference = "../../docs/reference/cli.md"

// section of the reference: its title, what it says of its own, and the help.
var section = regexp.MustCompile("(?s)\n## (ringspan(?: [a-z]+)*)\n(.*?)```\n(.*?)```\n")

// The reference has the help of every verb; UPDATE=1 writes it.
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
	for _, cmd := range newRoot().Commands() {
		if title := "ringspan " + cmd.Name(); !cmd.Hidden && cmd.Name() != "help" && !there[title] {
			want = strings.Replace(want, "\n## ringspan version\n", "\n## "+title+"\n\n```\n"+helpOf(t, title)+"```\n\n## ringspan version\n", 1)
		}
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

func helpOf(t *testing.T, title string) string {
	t.Helper()
	var out bytes.Buffer
	args := strings.Fields(title + " --help")[1:]
	if code := Run(t.Context(), args, strings.NewReader(""), &out, &out); code != 0 {
		t.Fatalf("%v: exit code %d: %s", args, code, &out)
	}
	return out.String()
}
