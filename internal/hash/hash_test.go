package hash

import "testing"

// The program before this one, and the objects that it wrote, have these. The expected ones were made with sha256sum.
func TestHashesStayAsTheyAre(t *testing.T) {
	object := struct {
		Name  string `json:"name"`
		Left  string `json:"left,omitempty"`
		Count int    `json:"count"`
	}{Name: "dc1", Count: 3}
	for _, c := range []struct{ what, got, want string }{
		{"an object", Object(object), "1153cb5a660a0677"},
		{"a text, short", Text("a,b", 4), "1eb7c54d"},
		{"a text, long", Text("a,b", 16), "1eb7c54d52831bbfe8942af0b1c56b74"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %s, want %s", c.what, c.got, c.want)
		}
	}
}
