package agent

import (
	"fmt"
	"path/filepath"

	"github.com/ringspan/ringspan/internal/cassandra"
)

// newFormats are the files of tables in formats that Cassandra 5.0 writes unless it keeps to what 4.x can read.
var newFormats = []string{"*-bti-Data.db", "o*-big-Data.db"}

// readable refuses a configuration with which the node would not read its own data, or would begin unasked to write what
// older versions don't read: what the data was made with may have been forgotten together with the ring's objects, while the
// volumes were kept. A first boot on data is that of a ring that was made anew; in one that runs, a person asked.
func (a *Agent) readable(firstBoot bool) error {
	in := a.config.Input
	mode, err := in.StorageCompatibility()
	if err != nil || mode == "" {
		return err
	}
	newer, older, err := a.formats()
	switch {
	case err != nil:
		return err
	case mode == cassandra.CompatibleWith4 && newer != "":
		return fmt.Errorf("%s is in a format of Cassandra 5.0, and storage_compatibility_mode %s is for nodes without: "+
			"set spec.cassandra.baseConfiguration to %s, or storage_compatibility_mode to NONE in cassandraYaml, as the node had it before", newer, mode, cassandra.BaseLatest)
	case firstBoot && mode != cassandra.CompatibleWith4 && newer == "" && older != "" && !in.SaysCompatibility():
		return fmt.Errorf("%s is in a format that Cassandra 4 reads, and this ring begins with %s, which would go over to those of Cassandra 5.0: "+
			"set spec.cassandra.baseConfiguration to %s or %s to keep it, or storage_compatibility_mode: %s in cassandraYaml to go over", older, in.Base, cassandra.BaseNone, cassandra.BaseCompatible, mode)
	}
	return nil
}

// formats are files of the table in which a node keeps who it is: one in a format of 5.0, and one in another; "" where there
// is none.
func (a *Agent) formats() (newer, older string, err error) {
	for _, dir := range a.dataDirs() {
		tables, err := names(filepath.Join(dir, "system"), "local-*")
		if err != nil {
			return "", "", err
		}
		for _, table := range tables {
			files, err := names(table, "*-Data.db")
			if err != nil {
				return "", "", err
			}
			for _, file := range files {
				if isNewFormat(filepath.Base(file)) {
					newer = file
				} else {
					older = file
				}
			}
		}
	}
	return newer, older, nil
}

func isNewFormat(name string) bool {
	for _, pattern := range newFormats {
		if match, _ := filepath.Match(pattern, name); match { // the patterns are sound
			return true
		}
	}
	return false
}
