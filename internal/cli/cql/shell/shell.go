package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	gocql "github.com/apache/cassandra-gocql-driver/v2"
)

// Shell runs statements and prints what they give, as cqlsh does; the consistency
// level is LOCAL_ONE until set.
type Shell struct {
	Session Session
	Out     io.Writer // rows
	Err     io.Writer // what commands of the shell say while Out is for programs
	JSON    bool      // one object a row instead of tables
	Host    string    // what SHOW HOST says
	Version string    // what SHOW VERSION says

	options  Options
	keyspace string
	expand   bool
	depth    int         // of SOURCE in SOURCE
	more     func() bool // asks before each further page; nil means all of them
	paging   bool
	width    func() int // of the terminal: wider rows are expanded; nil means none are
}

// New makes a shell.
func New(s Session, out, errOut io.Writer) *Shell {
	return &Shell{Session: s, Out: out, Err: errOut, paging: true, options: Options{Consistency: gocql.LocalOne, Serial: gocql.Serial}}
}

// The user's wishes to leave, and to see no more of a result.
var (
	errExit   = errors.New("exit")
	errEnough = errors.New("enough")
)

// screenPage is how many rows are shown before it is asked whether to go on.
const screenPage = 100

// maxDepth of files that run files.
const maxDepth = 10

// File runs the statements of a file until one fails, which the error says with
// its line.
func (s *Shell) File(ctx context.Context, path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if s.depth++; s.depth > maxDepth {
		return fmt.Errorf("%s: SOURCE goes deeper than %d files", path, maxDepth)
	}
	defer func() { s.depth-- }()
	return s.Script(ctx, path, string(data))
}

// Script runs statements until one fails. name is that of their source.
func (s *Shell) Script(ctx context.Context, name, text string) error {
	statements, rest := Split(text)
	if rest.Text != "" {
		statements = append(statements, rest)
	}
	for _, one := range statements {
		err := s.Statement(ctx, one.Text)
		switch {
		case errors.Is(err, errExit):
			return nil
		case err != nil && name != "":
			return fmt.Errorf("%s:%d:%w", name, one.Line, err)
		case err != nil:
			return err
		}
	}
	return nil
}

// Statement runs one statement or command of the shell.
func (s *Shell) Statement(ctx context.Context, text string) error {
	words := strings.Fields(text)
	if len(words) == 0 {
		return nil
	}
	switch firstWord(text, commands) {
	case "":
		return s.query(ctx, text)
	case "EXIT", "QUIT":
		return errExit
	case "HELP", "?":
		return s.say("%s", help)
	case "CONSISTENCY":
		return s.consistency("consistency", &s.options.Consistency, words[1:])
	case "SERIAL":
		return s.serial(words)
	case "EXPAND":
		if len(words) > 1 {
			s.width = nil // it has been said what is wanted
		}
		return s.toggle("expanded output", "EXPAND", &s.expand, words[1:])
	case "PAGING":
		return s.toggle("query paging", "PAGING", &s.paging, words[1:])
	case "SOURCE":
		return s.File(ctx, strings.Trim(strings.TrimSpace(text[len(words[0]):]), `'"`))
	case "USE":
		return s.use(ctx, strings.TrimSpace(text[len(words[0]):]))
	case "DESCRIBE", "DESC":
		return s.describe(ctx, "DESCRIBE "+strings.Join(words[1:], " "))
	case "SHOW":
		return s.show(words[1:])
	case "CLEAR", "CLS":
		return s.say("\x1b[H\x1b[2J")
	}
	return fmt.Errorf("%s is a command of cqlsh that this shell doesn't have", strings.ToUpper(words[0]))
}

func (s *Shell) say(format string, args ...any) error {
	out := s.Out
	if s.JSON {
		out = s.Err
	}
	_, err := fmt.Fprintf(out, format+"\n", args...)
	return err
}

func (s *Shell) serial(words []string) error {
	if len(words) < 2 || !strings.EqualFold(words[1], "CONSISTENCY") {
		return errors.New("SERIAL CONSISTENCY [SERIAL | LOCAL_SERIAL]")
	}
	return s.consistency("serial consistency", &s.options.Serial, words[2:])
}

func (s *Shell) consistency(what string, level *gocql.Consistency, words []string) error {
	if len(words) == 0 {
		return s.say("Current %s level is %s.", what, *level)
	}
	next, err := Level(strings.ToUpper(words[0]))
	if err != nil {
		return err
	}
	if serial := next == gocql.Serial || next == gocql.LocalSerial; what == "serial consistency" && !serial {
		return fmt.Errorf("%s is not a serial consistency level: SERIAL and LOCAL_SERIAL are", next)
	}
	*level = next
	return s.say("%s level set to %s.", strings.ToUpper(what[:1])+what[1:], next)
}

// toggle shows, sets or clears what a command stands for.
func (s *Shell) toggle(what, command string, on *bool, words []string) error {
	state := map[bool]string{true: "enabled", false: "disabled"}
	switch {
	case len(words) == 0:
		return s.say("%s is currently %s. Use %s ON/OFF", strings.ToUpper(what[:1])+what[1:], state[*on], command)
	case strings.EqualFold(words[0], "ON"):
		*on = true
	case strings.EqualFold(words[0], "OFF"):
		*on = false
	default:
		return fmt.Errorf("%[1]s ON or %[1]s OFF", command)
	}
	return s.say("Now %s is %s", what, state[*on])
}

func (s *Shell) show(words []string) error {
	switch {
	case len(words) == 1 && strings.EqualFold(words[0], "HOST"):
		return s.say("Connected to %s.", s.Host)
	case len(words) == 1 && strings.EqualFold(words[0], "VERSION"):
		return s.say("[%s]", s.Version)
	}
	return errors.New("SHOW HOST or SHOW VERSION")
}

// use sets the keyspace. A name is in small letters unless it is quoted.
func (s *Shell) use(ctx context.Context, name string) error {
	keyspace := strings.ToLower(name)
	if strings.HasPrefix(name, `"`) {
		keyspace = strings.Trim(name, `"`)
	}
	if keyspace == "" {
		return errors.New("USE which keyspace?")
	}
	if err := s.Session.Use(ctx, keyspace); err != nil {
		return err
	}
	s.keyspace = keyspace
	return nil
}

// query runs a statement of CQL and prints its rows.
func (s *Shell) query(ctx context.Context, text string) error {
	rows, pages, expand := 0, 0, s.expand
	o, pause := s.options, s.more != nil && s.paging && !s.JSON
	if pause {
		o.PageSize = screenPage
	}
	err := s.Session.Execute(ctx, text, o, func(p Page) error {
		if pages++; pages > 1 && pause && !s.more() {
			return errEnough
		}
		if pages == 1 && s.width != nil {
			expand = expand || p.width() > s.width()
		}
		rows += len(p.Rows)
		switch {
		case s.JSON:
			return p.json(s.Out)
		case expand:
			p.expanded(s.Out, rows-len(p.Rows))
		default:
			p.table(s.Out)
		}
		return nil
	})
	switch {
	case errors.Is(err, errEnough):
		return s.say("(%d rows, and there are more)", rows)
	case err != nil || s.JSON || pages == 0:
		return err
	case firstWord(text, []string{"SELECT", "LIST"}) == "": // a condition's answer
		return s.say("")
	}
	return s.say("\n(%d rows)", rows)
}
