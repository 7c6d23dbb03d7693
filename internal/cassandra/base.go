package cassandra

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A base configuration is a file of defaults that Cassandra ships, over which a user's cassandra.yaml is merged.
const (
	// BaseLatest has all that the version can: new storage formats, which older versions can't read.
	BaseLatest = "cassandra_latest.yaml"
	// BaseCompatible keeps to what older versions can read and do.
	BaseCompatible = "cassandra.yaml"
	// BaseNone is none of them: the defaults of Cassandra's code, with the few keys that Render sets. A ring that was founded
	// before base configurations were known has it, and names none.
	BaseNone = "none"
)

// BaseSection is the section of CONFIG_FILE_DATA that names the base configuration. Agents of versions that know of none
// refuse it by name, so that no node starts with other settings than it should have.
const BaseSection = "base-configuration"

// Bases are the names that may be asked for.
func Bases() []string { return []string{BaseLatest, BaseCompatible, BaseNone} }

// baseFiles are the values of the files, by line of versions. Their licence is beside them.
//
//go:embed base/*/*.yaml
var baseFiles embed.FS

// Line is the part of a version that its releases share, 5.0 of 5.0.9.
func Line(version string) string {
	parts := strings.SplitN(version, ".", 3)
	if len(parts) < 2 {
		return version
	}
	return parts[0] + "." + parts[1]
}

// CheckBase says what is wrong with a base configuration for a version of Cassandra; nil when nothing is.
func CheckBase(base, version string) error {
	_, err := baseValues(base, version)
	return err
}

// baseValues are the values of a base configuration, as the version ships them.
func baseValues(base, version string) (map[string]any, error) {
	if base == "" || base == BaseNone {
		return map[string]any{}, nil
	}
	if !slices.Contains(Bases(), base) {
		return nil, fmt.Errorf("%s %q: there are %s", BaseSection, base, strings.Join(Bases(), ", "))
	}
	data, err := baseFiles.ReadFile(path.Join("base", Line(version), base))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s %s: that of Cassandra %s isn't known to this version of Ringspan, which knows those of %s; name %s", BaseSection, base, version, strings.Join(baseLines(), ", "), BaseNone)
	}
	if err != nil {
		return nil, err
	}
	values := map[string]any{}
	if err := yaml.Unmarshal(data, &values); err != nil {
		return nil, fmt.Errorf("%s of Cassandra %s: %w", base, Line(version), err)
	}
	return values, nil
}

// baseLines are the lines of versions whose files are known.
func baseLines() (lines []string) {
	entries, _ := baseFiles.ReadDir("base") // it is part of the program
	for _, e := range entries {
		lines = append(lines, e.Name())
	}
	return lines
}

// FoundingBase is what a new ring gets whose user asks for nothing: what K8ssandra's config builder takes, the latest of a
// version that has one. It is none where the files of one of its versions aren't known.
func FoundingBase(versions ...string) string {
	for _, version := range versions {
		if CheckBase(BaseLatest, version) != nil {
			return BaseNone
		}
	}
	if len(versions) == 0 {
		return BaseNone
	}
	return BaseLatest
}

// compatibilityKey is the setting that says which versions can read what a node writes; Cassandra 5.0's code has
// CASSANDRA_4 for it.
const (
	compatibilityKey = "storage_compatibility_mode"
	CompatibleWith4  = "CASSANDRA_4"
)

// StorageCompatibility is the storage_compatibility_mode that nodes have with a configuration; "" of versions that have none,
// or another default.
func (in Input) StorageCompatibility() (string, error) {
	values, err := baseValues(in.Base, in.Version)
	if err != nil {
		return "", err
	}
	for _, layer := range []map[string]any{in.CassandraYAML, values} {
		if mode := layer[compatibilityKey]; mode != nil {
			return strings.ToUpper(fmt.Sprint(mode)), nil
		}
	}
	if Line(in.Version) != "5.0" {
		return "", nil
	}
	return CompatibleWith4, nil
}

// SaysCompatibility tells whether the user's configuration itself says the storage_compatibility_mode.
func (in Input) SaysCompatibility() bool { return in.CassandraYAML[compatibilityKey] != nil }

// Unreadable says why nodes that have run with one configuration can't be given another, in the words of the setting; ""
// when they can. What a node has written in a format of 5.0 stays, and one with CASSANDRA_4 is made not to read it.
func Unreadable(before, after Input) string {
	from, err := before.StorageCompatibility()
	if err != nil {
		return "" // nodes don't start with it, and have written nothing
	}
	to, err := after.StorageCompatibility()
	if err != nil {
		return err.Error()
	}
	if to != CompatibleWith4 || from == CompatibleWith4 || from == "" {
		return ""
	}
	return fmt.Sprintf("%s can't go back from %s to %s (%s after %s): nodes have written data in formats of Cassandra 5.0, which one in that mode doesn't read. "+
		"Keep %s, or set %s: %s in cassandra-yaml beside %s", compatibilityKey, from, to, after.baseName(), before.baseName(), before.baseName(), compatibilityKey, from, after.baseName())
}

func (in Input) baseName() string {
	if in.Base == "" {
		return BaseSection + " " + BaseNone
	}
	return BaseSection + " " + in.Base
}
