package federation

import (
	"strings"
	"testing"
)

// head makes one from the texts of a revision and its ancestors.
func head(t *testing.T, text string) Head {
	t.Helper()
	revision, ancestors, _ := strings.Cut(text, " < ")
	h, err := ParseHead(revision, ancestors, "")
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// at is a region's copy; "*" before the revision says that its spec was edited since, "-" that it is being deleted because
// somebody asked for that, "~" that it is being deleted without such a word, and "?" that the region does not answer.
func at(t *testing.T, region, text string) Copy {
	t.Helper()
	rest := strings.TrimLeft(text, "*-~?")
	marks := text[:len(text)-len(rest)]
	c := Copy{Region: region, Head: head(t, rest), Deleting: strings.ContainsAny(marks, "-~"), Asked: strings.Contains(marks, "-"), Stale: strings.Contains(marks, "?")}
	c.Hash = c.Head.Hash
	if strings.Contains(marks, "*") {
		c.Hash = "edited"
	}
	return c
}

func copies(t *testing.T, texts ...string) (all []Copy) {
	t.Helper()
	for i, text := range texts {
		all = append(all, at(t, []string{"b", "c", "d"}[i], text))
	}
	return all
}

func TestFollow(t *testing.T) {
	for _, c := range []struct {
		why, own string
		peers    []string
		told     string
		want     string
	}{
		{why: "nobody has it", own: "*", want: "publish 1/a/edited"},
		{why: "a peer has the same first version by another's hand", own: "1/a/x", peers: []string{"1/b/x"}, want: "diverged"},
		{why: "a peer has another ring of the name: both say so, none is lost", own: "*", peers: []string{"4/b/y < 3/b/x"}, want: "publish 5/a/edited"},
		{why: "an earlier ring of the name is on its way out", own: "*", peers: []string{"-4/b/y"}, want: "await"},
		{why: "all is the same", own: "2/a/y < 1/a/x", peers: []string{"2/a/y < 1/a/x"}, want: "keep"},
		{why: "the same edit on both sides is one version", own: "2/a/y < 1/a/x", peers: []string{"2/b/y < 1/a/x"}, want: "keep"},
		{why: "and gets one name", own: "2/c/y < 1/a/x", peers: []string{"2/b/y < 1/b/w"}, want: "adopt 2/b/y < 1/a/x 1/b/w"},
		{why: "edited here", own: "*2/a/y < 1/a/x", peers: []string{"2/a/y < 1/a/x"}, want: "raise 3/a/edited < 2/a/y 1/a/x"},
		{why: "edited there", own: "1/a/x", peers: []string{"2/b/y < 1/a/x"}, want: "adopt 2/b/y < 1/a/x"},
		{why: "edited there and not yet raised", own: "1/a/x", peers: []string{"*2/b/y < 1/a/x"}, want: "keep"},
		{why: "a peer that is behind adopts; this one waits for nobody", own: "2/a/y < 1/a/x", peers: []string{"1/a/x"}, want: "keep"},
		{why: "edits on both sides of a cut", own: "2/a/y < 1/a/x", peers: []string{"2/b/z < 1/a/x"}, want: "diverged"},
		{why: "three edits don't swallow one", own: "2/a/y < 1/a/x", peers: []string{"4/b/z < 3/b/w 2/b/v 1/a/x"}, want: "diverged"},
		{why: "an edit of a diverged copy is the choice", own: "*2/a/y < 1/a/x", peers: []string{"2/b/z < 1/a/x"}, told: "2/b/z", want: "raise 3/a/edited < 2/a/y 2/b/z 1/a/x"},
		{why: "nobody was told of what came up since", own: "*2/a/y < 1/a/x", peers: []string{"3/b/w < 2/b/z 1/a/x"}, told: "2/b/z", want: "raise 3/a/edited < 2/a/y 2/b/z 1/a/x"},
		{why: "deleted elsewhere", own: "2/a/y < 1/a/x", peers: []string{"-2/a/y < 1/a/x"}, want: "delete"},
		{why: "deleted elsewhere at a later version, which says how parts go", own: "1/a/x", peers: []string{"-2/b/y < 1/a/x"}, want: "adopt 2/b/y < 1/a/x"},
		{why: "and in a third region at an earlier one", own: "1/a/x", peers: []string{"-1/a/x", "-2/b/y < 1/a/x"}, want: "adopt 2/b/y < 1/a/x"},
		{why: "deleted elsewhere at a later version, and edited since", own: "1/a/x", peers: []string{"*-2/b/y < 1/a/x"}, want: "delete"},
		{why: "deleted elsewhere at a later version, by a region that doesn't answer", own: "1/a/x", peers: []string{"?-2/b/y < 1/a/x"}, want: "keep"},
		{why: "lost here and deleted elsewhere at a later version", own: "~1/a/x", peers: []string{"-2/b/y < 1/a/x"}, want: "adopt 2/b/y < 1/a/x"},
		{why: "edited here before the deletion was seen", own: "*1/a/x", peers: []string{"-1/a/x"}, want: "raise 2/a/edited < 1/a/x"},
		{why: "the deletion doesn't know of the edit here", own: "2/a/y < 1/a/x", peers: []string{"-1/a/x"}, want: "keep"},
		{why: "the deletion doesn't know of an edit elsewhere", own: "1/a/x", peers: []string{"-1/a/x", "2/c/z < 1/a/x"}, want: "adopt 2/c/z < 1/a/x"},
		{why: "an edit elsewhere is about to get its revision", own: "1/a/x", peers: []string{"-1/a/x", "*1/a/x"}, want: "keep"},
		{why: "lost elsewhere, or not known to have been asked for", own: "2/a/y < 1/a/x", peers: []string{"~2/a/y < 1/a/x"}, want: "keep"},
		{why: "lost in one region and deleted in another", own: "1/a/x", peers: []string{"~1/a/x", "-1/a/x"}, want: "delete"},
		{why: "lost here and deleted elsewhere", own: "~1/a/x", peers: []string{"-1/a/x"}, want: "delete"},
		{why: "lost here, with an edit that the deletion doesn't know of", own: "~2/a/y < 1/a/x", peers: []string{"-1/a/x"}, want: "keep"},
		{why: "who deletes doesn't answer: it may have been overruled since", own: "1/a/x", peers: []string{"?-1/a/x"}, want: "keep"},
	} {
		t.Run(c.why, func(t *testing.T) {
			own := at(t, "a", c.own)
			d := Follow(own, copies(t, c.peers...), revisions(t, c.told))
			if got := show(d); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func revisions(t *testing.T, text string) (all []Revision) {
	t.Helper()
	for one := range strings.FieldsSeq(text) {
		r, err := ParseRevision(one)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

func show(d Decision) string {
	text := string(d.Verb)
	switch d.Verb {
	case Publish, Raise, Adopt:
		text += " " + d.Head.String()
		if len(d.Head.Ancestors) > 0 {
			text += " < " + FormatAncestors(d.Head.Ancestors)
		}
	}
	return text
}

func TestChoose(t *testing.T) {
	for _, c := range []struct{ why, region, told, want string }{
		{"the own copy", "a", "2/b/z", "raise 3/a/y < 2/a/y 2/b/z 1/a/x"},
		{"a peer's", "b", "2/b/z", "raise 3/a/z < 2/a/y 2/b/z 1/a/x"},
		{"a region that has no copy", "z", "2/b/z", "keep"},
		{"nothing to choose", "b", "", "keep"},
	} {
		t.Run(c.why, func(t *testing.T) {
			d := Choose(at(t, "a", "2/a/y < 1/a/x"), copies(t, "2/b/z < 1/a/x"), revisions(t, c.told), c.region)
			if got := show(d); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func TestRetire(t *testing.T) {
	away := Peer{Copy: Copy{Region: "b", Stale: true}}
	for _, c := range []struct {
		why, own string
		peer     Peer
		want     Verb
	}{
		{"the peer follows", "1/a/x", Peer{Reachable: true, Copy: at(t, "b", "-1/a/x")}, Remove},
		{"the peer has none", "1/a/x", Peer{Reachable: true, Absent: true}, Remove},
		{"the peer has yet to follow", "1/a/x", Peer{Reachable: true, Copy: at(t, "b", "1/a/x")}, Await},
		{"the peer was behind and has yet to follow", "2/a/y < 1/a/x", Peer{Reachable: true, Copy: at(t, "b", "1/a/x")}, Await},
		{"the peer doesn't answer", "1/a/x", away, Await},
		{"the peer didn't answer, and had begun to delete", "1/a/x", Peer{Copy: at(t, "b", "?-1/a/x")}, Await},
		{"the peer was edited", "1/a/x", Peer{Reachable: true, Copy: at(t, "b", "2/b/y < 1/a/x")}, Yield},
		{"the peer has diverged", "2/a/y < 1/a/x", Peer{Reachable: true, Copy: at(t, "b", "2/b/z < 1/a/x")}, Yield},
		{"the peer's edit has no revision yet", "1/a/x", Peer{Reachable: true, Copy: at(t, "b", "*1/a/x")}, Await},
		{"the peer has datacenters and no copy", "1/a/x", Peer{Reachable: true, Absent: true, Parts: true}, Await},
		{"a ring of the same name that waits there for this one to go", "1/a/x", Peer{Reachable: true, Copy: Copy{Region: "b", Hash: "new"}}, Remove},
		{"the peer loses its copy", "1/a/x", Peer{Reachable: true, Copy: at(t, "b", "~1/a/x")}, Remove},
		{"the peer loses an edit that this deletion doesn't know of", "1/a/x", Peer{Reachable: true, Copy: at(t, "b", "~2/b/y < 1/a/x")}, Await},
		{"never published, and a peer has the ring", "-", Peer{Reachable: true, Copy: at(t, "b", "1/b/x")}, Yield},
	} {
		t.Run(c.why, func(t *testing.T) {
			own := at(t, "a", c.own)
			own.Deleting = true
			if d := Retire(own, []Peer{c.peer}); d.Verb != c.want {
				t.Errorf("%s, want %s", d.Verb, c.want)
			}
		})
	}
}

func TestTake(t *testing.T) {
	for _, c := range []struct {
		why       string
		peers     []string
		leftovers bool
		want      string
	}{
		{why: "nobody has one"},
		{why: "the newest", peers: []string{"1/a/x", "2/b/y < 1/a/x"}, want: "2/b/y"},
		{why: "one that was never published", peers: []string{"*"}},
		{why: "one that is being deleted", peers: []string{"-1/a/x", "1/a/x"}},
		{why: "one that a deletion does not know of", peers: []string{"-1/a/x", "2/b/y < 1/a/x"}, want: "2/b/y"},
		{why: "from a region that does not answer", peers: []string{"?1/a/x"}},
		{why: "to take part in a deletion", peers: []string{"-1/a/x"}, leftovers: true, want: "1/a/x"},
		{why: "one beside a region that loses its copy", peers: []string{"~1/a/x", "1/a/x"}, want: "1/a/x"},
		{why: "one that its region loses", peers: []string{"~1/a/x"}, leftovers: true},
		{why: "one whose edit has no revision yet", peers: []string{"*1/a/x"}},
	} {
		t.Run(c.why, func(t *testing.T) {
			got, ok := Take(copies(t, c.peers...), c.leftovers)
			if ok != (c.want != "") || ok && got.String() != c.want {
				t.Errorf("%t %s, want %s", ok, got.String(), c.want)
			}
		})
	}
}

func TestRevisionsAreReadAsWritten(t *testing.T) {
	for _, text := range []string{"x", "1/a", "0/a/b", "-1/a/b", "1//b", "1/a/", "1/a/b/c"} {
		if r, err := ParseRevision(text); err == nil {
			t.Errorf("%q is %+v", text, r)
		}
	}
	h := head(t, "3/a/z < 2/b/y nonsense 1/a/x")
	if got := FormatAncestors(h.Ancestors); h.String() != "3/a/z" || got != "2/b/y 1/a/x" {
		t.Errorf("%s < %s", h, got)
	}
}
