package datacenter

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// troubleMessage says once what is the trouble of several pods: the first one's sentence, and
// how many others there are.
func (s *State) troubleMessage(p Plan) string {
	return strings.Join(deduplicate(p.Trouble, func(sentence string) string { return s.withoutPod(sentence, 1) }), "; ")
}

// waitMessage says once on whom several pods wait. Sentences that name only whom is waited for
// stay: who holds things up is always named.
func (s *State) waitMessage(p Plan) string {
	return strings.Join(clipped(deduplicate(p.Waits, func(sentence string) string { return s.withoutPod(sentence, 2) }), 3), "; ")
}

// deduplicate keeps of the sentences of one form the first one.
func deduplicate(sentences []string, form func(string) string) (said []string) {
	count := map[string]int{}
	for _, s := range sentences {
		count[form(s)]++
	}
	for _, s := range sentences {
		switch n := count[form(s)]; {
		case n > 1:
			said = append(said, fmt.Sprintf("%s (the same for %d more)", s, n-1))
		case n == 1:
			said = append(said, s)
		}
		count[form(s)] = 0
	}
	return said
}

// withoutPod is a sentence without the pod that it is about, which is the last one that it
// names. One that names fewer pods than so many is alike to no other.
func (s *State) withoutPod(sentence string, fewest int) string {
	var named []string
	last, at := "", -1
	for _, name := range s.longestFirst() {
		if i := strings.LastIndex(sentence, name); i >= 0 && !slices.ContainsFunc(named, func(n string) bool { return strings.Contains(n, name) }) {
			named = append(named, name)
			if i > at {
				last, at = name, i
			}
		}
	}
	if len(named) < fewest {
		return sentence
	}
	return sentence[:at] + "\x00" + sentence[at+len(last):]
}

// longestFirst are the pods' names, "sts-10" before "sts-1", which is a part of it.
func (s *State) longestFirst() (names []string) {
	for i := range s.Pods {
		names = append(names, s.Pods[i].Name)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	return names
}
