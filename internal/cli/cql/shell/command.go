package shell

import (
	"slices"
	"strings"
)

// commands are the shell's own; they end with their line, also without a
// semicolon.
var commands = []string{"CONSISTENCY", "SERIAL", "DESCRIBE", "DESC", "EXPAND", "SOURCE", "USE", "HELP", "?", "EXIT", "QUIT", "PAGING", "TRACING", "SHOW", "CLEAR", "CLS", "LOGIN", "COPY", "CAPTURE"}

// IsCommand says that a text begins with one of the shell's own commands.
func IsCommand(text string) bool {
	return firstWord(text, commands) != ""
}

// firstWord is the text's first word in capitals, if it is one of the list.
func firstWord(text string, list []string) string {
	text = strings.TrimLeft(text, " \t\r\n")
	if i := strings.IndexAny(text, " \t\r\n;"); i >= 0 {
		text = text[:i]
	}
	word := strings.ToUpper(text)
	if slices.Contains(list, word) {
		return word
	}
	return ""
}

const help = `CQL statements end with a semicolon and may take several lines. Besides them:

  CONSISTENCY [LEVEL]          show or set the consistency level
  SERIAL CONSISTENCY [LEVEL]   the same of lightweight transactions
  DESCRIBE KEYSPACES | KEYSPACE [k] | TABLES | TABLE t | TYPES | TYPE t |
           INDEX i | FUNCTIONS | AGGREGATES | SCHEMA | FULL SCHEMA | CLUSTER
  EXPAND [ON | OFF]            one line per column; until OFF is said, the prompt does so
                               by itself where a row is wider than the screen
  PAGING [ON | OFF]            stop after every 100 rows, at the prompt
  USE k                        the keyspace of names without one
  SOURCE 'FILE'                run the statements of a file
  SHOW HOST | VERSION          where this is, and what runs there
  CLEAR                        an empty screen
  EXIT                         leave (Ctrl-D does too)`
