package terminal

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// Only the very name, typed by a person, is agreement.
func TestTheNameIsAskedFor(t *testing.T) {
	for said, agreed := range map[string]bool{"theirs\n": true, "theirs": true, "yes\n": false, "": false, "other\n": false} {
		var out bytes.Buffer
		err := Ask(t.Context(), strings.NewReader(said), &out, "Type it: ", "theirs")
		if agreed != (err == nil) || err != nil && !errors.Is(err, ErrOtherName) || out.String() != "Type it: " {
			t.Errorf("%q: %v, %q", said, err, &out)
		}
	}
}
