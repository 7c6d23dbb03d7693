package terminal

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

// Screen shows one text after another in the same place. It overwrites line by
// line and clears only what is left over, so that nothing flickers; it changes no
// setting of the terminal that a killed program would leave behind.
type Screen struct {
	out   *os.File
	shown bool
}

// NewScreen is nil where nothing can be redrawn.
func NewScreen(out io.Writer) *Screen {
	file, ok := out.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) || os.Getenv("TERM") == "dumb" {
		return nil
	}
	return &Screen{out: file}
}

// Show replaces what was shown.
func (s *Screen) Show(text string) error {
	width, height, err := term.GetSize(int(s.out.Fd()))
	if err != nil {
		width, height = 80, 24
	}
	home := "\x1b[H"
	if !s.shown {
		home, s.shown = "\x1b[2J\x1b[H", true
	}
	_, err = io.WriteString(s.out, home+frame(text, width, height))
	return err
}

// frame fits a text into a screen: each line is cut at its width and clears what
// was behind it, the last one says how many there was no room for.
func frame(text string, width, height int) string {
	all := strings.Split(strings.TrimRight(text, "\n"), "\n")
	room := max(1, height-1) // the cursor's line stays empty
	if more := len(all) - room; more > 0 {
		all = append(all[:room-1:room-1], fmt.Sprintf("(%d more lines)", more+1))
	}
	var b strings.Builder
	for _, line := range all {
		b.WriteString(cut(line, width) + "\x1b[K\r\n")
	}
	return b.String() + "\x1b[J"
}

func cut(line string, width int) string {
	if utf8.RuneCountInString(line) <= width {
		return line
	}
	return string([]rune(line)[:max(0, width-1)]) + "…"
}
