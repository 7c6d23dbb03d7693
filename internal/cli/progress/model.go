package progress

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
)

type (
	phaseMsg string
	itemMsg  struct {
		subject Subject
		item    item
	}
	doneMsg struct{}
	tickMsg struct{}
)

// item is what a subject did or waits for.
type item struct {
	text     string
	at       time.Duration
	happened bool
}

// model is the live view: a title with the time, the phases, and a column for
// every region.
type model struct {
	title   string
	regions []string
	elapsed func() time.Duration
	width   int
	phases  []string
	news    map[Subject]item
	done    bool
}

var (
	bold  = lipgloss.NewStyle().Bold(true)
	faint = lipgloss.NewStyle().Faint(true)
	good  = lipgloss.NewStyle().Foreground(lipgloss.Green)
	busy  = lipgloss.NewStyle().Foreground(lipgloss.Yellow)
	box   = lipgloss.NewStyle().Border(lipgloss.RoundedBorder()).Padding(0, 1)
)

func tick() tea.Cmd {
	return tea.Tick(200*time.Millisecond, func(time.Time) tea.Msg { return tickMsg{} })
}

// Init starts the clock.
func (m model) Init() tea.Cmd { return tick() }

// Update takes one report over.
func (m model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width = msg.Width
	case phaseMsg:
		m.phases = append(slices.Clone(m.phases), string(msg))
	case itemMsg:
		m.news = maps.Clone(m.news)
		m.news[msg.subject] = msg.item
	case tickMsg:
		return m, tick()
	case doneMsg:
		m.done = true
		return m, tea.Quit
	}
	return m, nil
}

// View draws. What is left when all is done is empty: the command goes on with
// its result.
func (m model) View() tea.View {
	if m.done || m.width == 0 {
		return tea.NewView("")
	}
	v := tea.NewView(m.draw(m.elapsed()))
	v.DisableBracketedPasteMode = true // nothing is typed here
	return v
}

func (m model) draw(at time.Duration) string {
	parts := []string{fmt.Sprintf("%s %s", bold.Render(m.title), faint.Render(fmt.Sprintf("%.1fs", at.Seconds()))), m.drawPhases()}
	if columns := m.columns(); columns != "" {
		parts = append(parts, columns)
	}
	if common := m.items("", max(20, m.width-2)); common != "" {
		parts = append(parts, common)
	}
	return strings.Join(parts, "\n") + "\n"
}

// drawPhases lists the phases, as many on a line as fit.
func (m model) drawPhases() string {
	var text strings.Builder
	at := 0
	for i, p := range m.phases {
		mark, style := "✓ ", good
		if i == len(m.phases)-1 {
			mark, style = "● ", busy
		}
		width := lipgloss.Width(mark + p)
		switch {
		case at == 0:
		case at+2+width > m.width:
			text.WriteString("\n")
			at = 0
		default:
			text.WriteString("  ")
			at += 2
		}
		text.WriteString(style.Render(mark + p))
		at += width
	}
	return text.String()
}

// columns are the regions side by side, as many as fit beside each other.
func (m model) columns() string {
	if len(m.regions) == 0 {
		return ""
	}
	fit := max(1, min(len(m.regions), m.width/36))
	width := m.width / fit
	var rows []string
	for some := range slices.Chunk(m.regions, fit) {
		var row []string
		height := 0
		for _, r := range some {
			text := bold.Render(r) + "\n" + m.items(r, width-4)
			row = append(row, text)
			height = max(height, lipgloss.Height(lipgloss.NewStyle().Width(width-4).Render(text)))
		}
		for i := range row {
			row[i] = box.Width(width).Height(height + 2).Render(row[i])
		}
		rows = append(rows, lipgloss.JoinHorizontal(lipgloss.Top, row...))
	}
	return strings.Join(rows, "\n")
}

// maxLines bounds what one subject takes of the screen.
const maxLines = 4

// items are the news of a region's subjects, or of those that have none.
func (m model) items(region string, width int) string {
	var all []string
	for _, s := range slices.SortedFunc(maps.Keys(m.news), func(a, b Subject) int { return strings.Compare(a.Name, b.Name) }) {
		n := m.news[s]
		if s.Region != region || n.text == "" {
			continue
		}
		mark, style := "… ", busy
		if n.happened {
			mark, style = "✓ ", good
		}
		text := n.text
		if s.Name != "" {
			text = s.Name + ": " + text
		}
		lines := strings.Split(lipgloss.NewStyle().Width(width-2).Render(text), "\n")
		if len(lines) > maxLines {
			lines = append(lines[:maxLines-1], "…")
		}
		all = append(all, lipgloss.JoinHorizontal(lipgloss.Top, style.Render(mark), strings.Join(lines, "\n")))
	}
	return strings.Join(all, "\n")
}
