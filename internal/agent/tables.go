package agent

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// nonLocal is the management API's word for every keyspace that is replicated.
const nonLocal = "NON_LOCAL_STRATEGY"

// everyKeyspace tells whether a call means all keyspaces.
func everyKeyspace(name string) bool { return name == "" || name == mgmtapi.AllKeyspaces }

// overKeyspaces does something to the keyspace, or to each one. What is said of a failure names the keyspace; those after it
// are left as they are.
func (a *Agent) overKeyspaces(ctx context.Context, what, keyspace string, do func(keyspace string) error) error {
	keyspaces := []string{keyspace}
	if everyKeyspace(keyspace) {
		var err error
		if keyspaces, err = a.keyspaces(ctx); err != nil {
			return err
		}
	}
	for _, k := range keyspaces {
		if err := do(k); err != nil {
			return fmt.Errorf("%s of %s: %w", what, k, err)
		}
	}
	return nil
}

// counted is an operation of Cassandra's that answers with a number instead of an exception.
func (a *Agent) counted(ctx context.Context, operation string, arguments ...any) error {
	var code int
	if err := exec(ctx, a.jmx, storageService, operation, &code, arguments...); err != nil {
		return err
	}
	switch code {
	case 0:
		return nil
	case 1:
		return fmt.Errorf("it was stopped (status %d), or some of its sstables could not be done: Cassandra's log says which", code)
	}
	return fmt.Errorf("it could not begin while others work on these sstables (status %d)", code)
}

// list is never null: Cassandra takes an array.
func list(tables []string) []string { return append([]string{}, tables...) }

func (a *Agent) compact(ctx context.Context, o mgmtapi.CompactOptions) error {
	if o.UserDefined {
		return exec(ctx, a.jmx, compactionManager, "forceUserDefinedCompaction(java.lang.String)", nil, strings.Join(o.UserDefinedFiles, ","))
	}
	return a.overKeyspaces(ctx, "compaction", o.Keyspace, func(k string) error {
		if o.StartToken != "" {
			return exec(ctx, a.jmx, storageService, "forceKeyspaceCompactionForTokenRange(java.lang.String,java.lang.String,java.lang.String,[Ljava.lang.String;)",
				nil, k, o.StartToken, o.EndToken, list(o.Tables))
		}
		return exec(ctx, a.jmx, storageService, "forceKeyspaceCompaction(boolean,java.lang.String,[Ljava.lang.String;)", nil, o.SplitOutput, k, list(o.Tables))
	})
}

func (a *Agent) scrub(ctx context.Context, o mgmtapi.ScrubOptions) error {
	check := o.CheckData == nil || *o.CheckData
	return a.overKeyspaces(ctx, "scrub", o.Keyspace, func(k string) error {
		return a.counted(ctx, "scrub(boolean,boolean,boolean,boolean,int,java.lang.String,[Ljava.lang.String;)",
			o.DisableSnapshot, o.SkipCorrupted, check, o.ReinsertOverflowedTTL, max(o.Jobs, 0), k, list(o.Tables))
	})
}

func (a *Agent) garbageCollect(ctx context.Context, option string, o mgmtapi.TableOptions) error {
	return a.overKeyspaces(ctx, "garbage collection", o.Keyspace, func(k string) error {
		return a.counted(ctx, "garbageCollect(java.lang.String,int,java.lang.String,[Ljava.lang.String;)", option, max(o.Jobs, 0), k, list(o.Tables))
	})
}

func (a *Agent) flush(ctx context.Context, o mgmtapi.TableOptions) error {
	return a.overKeyspaces(ctx, "flush", o.Keyspace, func(k string) error {
		return exec(ctx, a.jmx, storageService, "forceKeyspaceFlush(java.lang.String,[Ljava.lang.String;)", nil, k, list(o.Tables))
	})
}

// upgradeSSTables writes sstables anew, of former versions only or all.
func (a *Agent) upgradeSSTables(ctx context.Context, formerOnly bool, o mgmtapi.TableOptions) error {
	return a.overKeyspaces(ctx, "upgrade", o.Keyspace, func(k string) error {
		return a.counted(ctx, "upgradeSSTables(java.lang.String,boolean,int,[Ljava.lang.String;)", k, formerOnly, max(o.Jobs, 0), list(o.Tables))
	})
}

// loadSSTables takes up files that somebody has put into the table's directory.
func (a *Agent) loadSSTables(ctx context.Context, keyspace, table string) error {
	return exec(ctx, a.jmx, storageService, "loadNewSSTables(java.lang.String,java.lang.String)", nil, keyspace, table)
}

// missing says what of a call's keyspace and tables isn't there, beginning with the name of the parameter; "" when all is.
func (a *Agent) missing(ctx context.Context, keyspace string, tables []string) (string, error) {
	if everyKeyspace(keyspace) {
		if len(tables) > 0 {
			return "tables: they need the keyspace_name that they are of", nil
		}
		return "", nil
	}
	all, err := a.keyspaces(ctx)
	if err != nil {
		return "", err
	}
	if !slices.Contains(all, keyspace) {
		return fmt.Sprintf("keyspace_name: there is no keyspace %q", keyspace), nil
	}
	if len(tables) == 0 {
		return "", nil
	}
	known, err := a.tables(ctx, keyspace)
	if err != nil {
		return "", err
	}
	for _, t := range tables {
		table, _, _ := strings.Cut(t, ".") // of an index, table.index
		if !slices.Contains(known, table) {
			return fmt.Sprintf("tables: keyspace %q has no table %q", keyspace, t), nil
		}
	}
	return "", nil
}

// dataFile is how the name of an sstable's main file ends.
const dataFile = "-Data.db"

// noSSTable says what is wrong with files that are to be compacted: Cassandra itself leaves out silently what it doesn't find.
func noSSTable(files []string) string {
	for _, f := range files {
		if !filepath.IsAbs(f) || !strings.HasSuffix(f, dataFile) || strings.Contains(f, ",") {
			return fmt.Sprintf("user_defined_files: %q is not the path of a file …%s", f, dataFile)
		}
		if _, err := os.Stat(f); err != nil {
			return fmt.Sprintf("user_defined_files: %v", err)
		}
	}
	return ""
}
