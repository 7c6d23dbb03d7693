package agent

import (
	"regexp"
	"slices"
	"strings"
)

var (
	// An event of logback, as the agent's logback.xml lays it out: level,
	// thread, date, time, place, message.
	event      = regexp.MustCompile(`^[A-Z]+ +\[`)
	errorEvent = regexp.MustCompile(`^ERROR \[([^\]]*)\] .*? - (.*)$`)
	exception  = regexp.MustCompile(`^(?:Caused by: |Exception in thread "[^"]*" )?(?:[\w$]+\.)+[\w$]*(?:Exception|Error): (.+)$`)
	atStart    = regexp.MustCompile(`encountered during startup: (.+)$`)
	// What the Java launcher and the virtual machine say on their own.
	machine = regexp.MustCompile(`(Invalid (?:maximum|initial) heap size.*|Error: (?:Could|Unable|A JNI).*|Unrecognized (?:VM )?option.*|Could not reserve enough space.*|.*[Ii]nsufficient memory for the Java Runtime.*|Terminating due to java\.lang\.OutOfMemoryError.*|UnsupportedClassVersionError.*|Conflicting collector combinations.*|Initial heap size set to a larger value.*)`)
)

// headlines that say nothing by themselves.
var headlines = []string{"Fatal configuration error", "Exception encountered during startup", "Fatal error during configuration loading", "Exception in thread", ""}

// reason finds, in the last lines of a log, why Cassandra ended, in its own
// words: the last error of the main thread, with what caused it.
func reason(lines []string) string {
	for _, l := range lines {
		if m := machine.FindStringSubmatch(l); m != nil && !event.MatchString(l) {
			return strings.TrimSpace(m[1])
		}
	}
	if i := lastEvent(lines); i >= 0 {
		return strings.Join(words(lines[i:]), ": ")
	}
	for _, pattern := range []*regexp.Regexp{atStart, exception} {
		for _, l := range slices.Backward(lines) {
			if m := pattern.FindStringSubmatch(l); m != nil {
				return strings.TrimSpace(m[1])
			}
		}
	}
	return ""
}

// lastEvent is the last error of the main thread, else of any; -1 is none.
func lastEvent(lines []string) int {
	found := -1
	for i, l := range slices.Backward(lines) {
		m := errorEvent.FindStringSubmatch(l)
		switch {
		case m == nil:
		case m[1] == "main":
			return i
		case found < 0:
			found = i
		}
	}
	return found
}

// words are an error's message and those of the exceptions below it that add
// something.
func words(lines []string) (said []string) {
	add := func(s string) {
		s, _, _ = strings.Cut(strings.TrimSpace(s), " for JavaBean=") // an address in memory
		s = strings.TrimPrefix(s, "Exception encountered during startup: ")
		if s == "null" || strings.Contains(s, "exception=null") || slices.ContainsFunc(said, func(before string) bool { return strings.Contains(before, s) }) {
			return
		}
		said = append(said, s)
	}
	if m := errorEvent.FindStringSubmatch(lines[0]); !slices.ContainsFunc(headlines, func(h string) bool { return strings.TrimRight(m[2], " ;:.") == h }) {
		add(m[2])
	}
	for _, l := range lines[1:] {
		if event.MatchString(l) {
			break
		}
		if m := exception.FindStringSubmatch(l); m != nil {
			add(m[1])
		}
	}
	if len(said) == 0 {
		add(errorEvent.FindStringSubmatch(lines[0])[2])
	}
	return said
}
