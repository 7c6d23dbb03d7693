package terminal

import (
	"strings"
	"testing"
)

func TestAFrameFitsTheScreen(t *testing.T) {
	for _, c := range []struct {
		why, text     string
		width, height int
		want          string
	}{
		{"all of it", "one\ntwo\n", 10, 5, "one|two|"},
		{"a line as wide as the screen", "0123456789", 10, 5, "0123456789|"},
		{"a line that is wider", "0123456789a", 10, 5, "012345678…|"},
		{"letters beside ASCII", "äöüßäöüßäöü", 10, 5, "äöüßäöüßä…|"},
		{"as high as the screen", "1\n2\n3\n4\n", 10, 5, "1|2|3|4|"},
		{"higher", "1\n2\n3\n4\n5\n", 20, 5, "1|2|3|(2 more lines)|"},
		{"no screen to speak of", "1\n2", 3, 1, "(2…|"},
	} {
		got := frame(c.text, c.width, c.height)
		rest, ok := strings.CutSuffix(got, "\x1b[J") // what an earlier frame had below
		if rest = strings.ReplaceAll(rest, "\x1b[K\r\n", "|"); !ok || rest != c.want {
			t.Errorf("%s: %q, want %q", c.why, got, c.want)
		}
	}
}
