package shell

import "strings"

// Statement is one of a text, without its semicolon and comments.
type Statement struct {
	Text string
	Line int // of its first character, counted from 1
}

// scanner walks over a text.
type scanner struct {
	text   string
	line   int
	word   strings.Builder
	begin  int // line of the statement's first character
	result []Statement
}

// Split cuts a text at its semicolons, but not at those in strings, quoted names,
// $$ strings, comments and batches; comments are left out. Commands of the shell
// end with their line too. rest is what stands behind the last end.
func Split(text string) (statements []Statement, rest Statement) {
	s := &scanner{text: text, line: 1}
	for s.text != "" {
		s.step()
	}
	return s.result, Statement{strings.TrimSpace(s.word.String()), s.begin}
}

// step takes the next piece of the text.
func (s *scanner) step() {
	switch {
	case strings.HasPrefix(s.text, "--"), strings.HasPrefix(s.text, "//"):
		s.skip(len(s.text) - len(afterLine(s.text)))
	case strings.HasPrefix(s.text, "/*"):
		s.skip(2 + until(s.text[2:], "*/"))
		s.word.WriteByte(' ')
	case strings.HasPrefix(s.text, "$$"):
		s.take(2 + until(s.text[2:], "$$"))
	case s.text[0] == '\'' || s.text[0] == '"':
		s.take(1 + until(s.text[1:], s.text[:1]))
	case s.text[0] == ';':
		s.end()
	case s.text[0] == '\n' && IsCommand(s.word.String()):
		s.end()
	default:
		s.take(1)
	}
}

// afterLine is the rest of the text after the first line, from its newline on.
func afterLine(s string) string {
	if i := strings.IndexByte(s, '\n'); i >= 0 {
		return s[i:]
	}
	return ""
}

// until is the length up to and with a mark; of all when there is none.
func until(s, mark string) int {
	if i := strings.Index(s, mark); i >= 0 {
		return i + len(mark)
	}
	return len(s)
}

func (s *scanner) skip(n int) string {
	n = max(0, min(n, len(s.text)))
	piece := s.text[:n]
	s.text = s.text[n:]
	s.line += strings.Count(piece, "\n")
	return piece
}

func (s *scanner) take(n int) {
	if strings.TrimSpace(s.word.String()) == "" && strings.TrimSpace(s.text[:1]) != "" {
		s.begin = s.line
	}
	s.word.WriteString(s.skip(n))
}

// end closes a statement, unless it is a batch that goes on.
func (s *scanner) end() {
	text := strings.TrimSpace(s.word.String())
	if openBatch(text) {
		s.take(1)
		return
	}
	s.skip(1)
	s.word.Reset()
	if text != "" {
		s.result = append(s.result, Statement{text, s.begin})
	}
}

// openBatch says that a text is a batch without its end.
func openBatch(text string) bool {
	words := strings.Fields(strings.ToUpper(text))
	if len(words) < 2 || words[0] != "BEGIN" || !strings.Contains(strings.Join(words[:min(3, len(words))], " "), "BATCH") {
		return false
	}
	last := len(words) - 1
	return words[last-1] != "APPLY" || words[last] != "BATCH"
}
