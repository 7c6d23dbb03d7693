package shell

import (
	"bufio"
	"fmt"
	"os"
	"strings"
)

// maxHistory bounds how many lines are remembered.
const maxHistory = 1000

// history is what was typed, kept in a file that only its owner can read.
// Lines with a password are not kept at all.
type history struct {
	path  string
	lines []string // the last one is the newest
}

func openHistory(path string) *history {
	h := &history{path: path}
	file, err := os.Open(path)
	if err != nil {
		return h // the first time
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		h.lines = append(h.lines, lines.Text())
	}
	h.lines = h.lines[max(0, len(h.lines)-maxHistory):]
	return h
}

// Add remembers a line.
func (h *history) Add(line string) {
	if strings.TrimSpace(line) == "" || strings.Contains(strings.ToUpper(line), "PASSWORD") || len(h.lines) > 0 && h.lines[len(h.lines)-1] == line {
		return
	}
	h.lines = append(h.lines, line)
	if h.path == "" {
		return
	}
	file, err := os.OpenFile(h.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return // a shell without a memory is still a shell
	}
	defer file.Close()
	_, _ = fmt.Fprintln(file, line)
}

// Len is how many lines there are.
func (h *history) Len() int { return len(h.lines) }

// At is the line so many before the newest.
func (h *history) At(i int) string { return h.lines[len(h.lines)-1-i] }
