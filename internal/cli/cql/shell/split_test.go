package shell

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []Statement
		rest       string
	}{
		{"two statements", "SELECT 1; SELECT 2;", []Statement{{"SELECT 1", 1}, {"SELECT 2", 1}}, ""},
		{"one without an end", "SELECT 1", nil, "SELECT 1"},
		{"over several lines", "SELECT *\nFROM t;\n\nSELECT 2;", []Statement{{"SELECT *\nFROM t", 1}, {"SELECT 2", 4}}, ""},
		{"semicolon in a string", "INSERT ';' ;", []Statement{{"INSERT ';'", 1}}, ""},
		{"quote in a string", "INSERT 'it''s;' ;", []Statement{{"INSERT 'it''s;'", 1}}, ""},
		{"semicolon in a quoted name", `SELECT "a;b";`, []Statement{{`SELECT "a;b"`, 1}}, ""},
		{"semicolon in dollars", "CREATE $$ a; 'b $$;", []Statement{{"CREATE $$ a; 'b $$", 1}}, ""},
		{"comments", "-- one;\nSELECT 1; // two;\n/* three;\n */ SELECT 2;", []Statement{{"SELECT 1", 2}, {"SELECT 2", 4}}, ""},
		{"comment signs in a string", "SELECT '--', '/*';", []Statement{{"SELECT '--', '/*'", 1}}, ""},
		{"only a comment", "-- nothing", nil, ""},
		{"nothing between semicolons", ";;\n;", nil, ""},
		{"a string without an end", "SELECT 'abc;\nx", nil, "SELECT 'abc;\nx"},
		{"a batch", "BEGIN BATCH INSERT a; INSERT b; APPLY BATCH; SELECT 1;", []Statement{{"BEGIN BATCH INSERT a; INSERT b; APPLY BATCH", 1}, {"SELECT 1", 1}}, ""},
		{"an unlogged batch", "begin unlogged batch\nINSERT a;\napply batch;", []Statement{{"begin unlogged batch\nINSERT a;\napply batch", 1}}, ""},
		{"commands end with their line", "CONSISTENCY QUORUM\nDESC TABLES\nSELECT 1;", []Statement{{"CONSISTENCY QUORUM", 1}, {"DESC TABLES", 2}, {"SELECT 1", 3}}, ""},
		{"the last command", "EXIT\n", []Statement{{"EXIT", 1}}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, rest := Split(c.text)
			if diff := cmp.Diff(c.want, got); diff != "" || rest.Text != c.rest {
				t.Errorf("%s rest %q", diff, rest.Text)
			}
		})
	}
}

// Whatever is typed: splitting ends, and loses no line.
func TestSplitNeverHangs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOf(rapid.SampledFrom([]string{"a", ";", "'", `"`, "$$", "--", "//", "/*", "*/", "\n", " ", "BEGIN BATCH ", "APPLY BATCH", "DESC x", "é"})).Draw(t, "parts")
		text := strings.Join(parts, "")
		statements, rest := Split(text)
		for _, s := range append(statements, rest) {
			if s.Text != "" && (s.Line < 1 || s.Line > 1+strings.Count(text, "\n")) {
				t.Fatalf("line %d of %q", s.Line, text)
			}
		}
	})
}
