package task

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/task"
	"github.com/ringspan/ringspan/internal/task/client"
)

// argument is one of a command, and its flag.
type argument struct {
	name, flag string
	add        func(flags *pflag.FlagSet, flag string, args *api.JobArguments, jobs *int)
}

// arguments are those that flags can give.
var arguments = []argument{
	{"rack", "rack", func(f *pflag.FlagSet, flag string, a *api.JobArguments, _ *int) {
		f.StringVar(&a.RackName, flag, "", "only the nodes of `RACK`")
	}},
	{"pod_name", "pod", func(f *pflag.FlagSet, flag string, a *api.JobArguments, _ *int) {
		f.StringVar(&a.PodName, flag, "", "only the node in `POD`, in its datacenter")
	}},
	{"keyspace_name", "keyspace", func(f *pflag.FlagSet, flag string, a *api.JobArguments, _ *int) {
		f.StringVar(&a.KeyspaceName, flag, "", "only `KEYSPACE` (default: all of them)")
	}},
	{"tables", "tables", func(f *pflag.FlagSet, flag string, a *api.JobArguments, _ *int) {
		f.StringSliceVar(&a.Tables, flag, nil, "only these `TABLES` of the keyspace, separated by commas")
	}},
	{"source_datacenter", "source-datacenter", func(f *pflag.FlagSet, flag string, a *api.JobArguments, _ *int) {
		f.StringVar(&a.SourceDatacenter, flag, "", "`DATACENTER`, as Cassandra names it, to stream from")
	}},
	{"jobs", "jobs", func(f *pflag.FlagSet, flag string, _ *api.JobArguments, jobs *int) {
		f.IntVar(jobs, flag, 0, "`N` sstables that a node works on at a time (0: as many as it compacts)")
	}},
	{"no_validate", "no-validate", func(f *pflag.FlagSet, flag string, a *api.JobArguments, _ *int) {
		f.BoolVar(&a.NoValidate, flag, false, "don't check columns against the schema")
	}},
	{"no_snapshot", "no-snapshot", func(f *pflag.FlagSet, flag string, a *api.JobArguments, _ *int) {
		f.BoolVar(&a.NoSnapshot, flag, false, "take no snapshot before")
	}},
	{"skip_corrupted", "skip-corrupted", func(f *pflag.FlagSet, flag string, a *api.JobArguments, _ *int) {
		f.BoolVar(&a.SkipCorrupted, flag, false, "leave out rows that can't be read")
	}},
	{"split_output", "split-output", func(f *pflag.FlagSet, flag string, a *api.JobArguments, _ *int) {
		f.BoolVar(&a.SplitOutput, flag, false, "write several sstables of falling size instead of one")
	}},
	{"start_token", "start-token", func(f *pflag.FlagSet, flag string, a *api.JobArguments, _ *int) {
		f.StringVar(&a.StartToken, flag, "", "only sstables with rows after `TOKEN`")
	}},
	{"end_token", "end-token", func(f *pflag.FlagSet, flag string, a *api.JobArguments, _ *int) {
		f.StringVar(&a.EndToken, flag, "", "only sstables with rows up to `TOKEN`")
	}},
	{"new_tokens", "new-tokens", func(f *pflag.FlagSet, flag string, a *api.JobArguments, _ *int) {
		f.StringToStringVar(&a.NewTokens, flag, nil, "where nodes go, as `POD=TOKEN`")
	}},
	{"fast", "fast", func(f *pflag.FlagSet, flag string, a *api.JobArguments, _ *int) {
		f.BoolVar(&a.Fast, flag, false, "take all nodes of a rack together")
	}},
	{"force", "force", func(f *pflag.FlagSet, flag string, a *api.JobArguments, _ *int) {
		f.BoolVar(&a.Force, flag, false, "don't wait for sick nodes of other racks")
	}},
}

// readers names the commands that read an argument.
func readers(name string) (commands []string) {
	for _, c := range task.Commands() {
		if slices.Contains(c.Arguments, name) {
			commands = append(commands, string(c.Name))
		}
	}
	return commands
}

// jobFlags adds the flags of all arguments that some command reads. The usage of one that not most of them read says whose it is.
func jobFlags(cmd *cobra.Command, job *api.CassandraJob, jobs *int) {
	for _, a := range arguments {
		commands := readers(a.name)
		if len(commands) == 0 {
			continue
		}
		a.add(cmd.Flags(), a.flag, &job.Arguments, jobs)
		if flag := cmd.Flags().Lookup(a.flag); len(commands) <= 3 {
			flag.Usage = strings.Join(commands, ", ") + ": " + flag.Usage
		}
	}
}

// given names the arguments whose flags were given.
func given(cmd *cobra.Command) (names []string) {
	for _, a := range arguments {
		if flag := cmd.Flags().Lookup(a.flag); flag != nil && flag.Changed {
			names = append(names, a.name)
		}
	}
	return names
}

// flagOf is an argument's flag.
func flagOf(name string) string {
	for _, a := range arguments {
		if a.name == name {
			return "--" + a.flag
		}
	}
	return name
}

// byFlag names the flag in an error about an argument.
func byFlag(command api.CassandraCommand, err error) error {
	wrong, is := errors.AsType[client.ArgumentError](err)
	if !is {
		return err
	}
	text := fmt.Sprintf("%s: %s", flagOf(wrong.Argument), inFlags(wrong.Why))
	all := task.Commands()
	i := slices.IndexFunc(all, func(c task.Info) bool { return c.Name == command })
	if i >= 0 && !slices.Contains(all[i].Arguments, wrong.Argument) {
		text += "; " + reads(all[i])
	}
	return errors.New(text)
}

// inFlags replaces the names of arguments in a sentence that aren't words of their own.
func inFlags(text string) string {
	for _, a := range arguments {
		if strings.Contains(a.name, "_") {
			text = strings.ReplaceAll(text, a.name, flagOf(a.name))
		}
	}
	return text
}

// reads says what a command reads.
func reads(c task.Info) string {
	var flags []string
	for _, name := range c.Arguments {
		flags = append(flags, flagOf(name))
	}
	if len(flags) == 0 {
		return "it reads no arguments"
	}
	return "it reads " + strings.Join(flags, ", ")
}
