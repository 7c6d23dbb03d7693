package invocation

import "testing"

func TestWords(t *testing.T) {
	for _, c := range []struct {
		in   []string
		want string
	}{{nil, ""}, {[]string{"a"}, "a"}, {[]string{"a", "b"}, "a and b"}, {[]string{"a", "b", "c"}, "a, b and c"}} {
		if got := listed("and", c.in); got != c.want {
			t.Errorf("%v: %q", c.in, got)
		}
	}
}
