package config

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/effective"
	"github.com/ringspan/ringspan/internal/region"
)

// Command is the verb config.
func Command(f *invocation.Fleet) *cobra.Command {
	var output invocation.Output
	cmd := &cobra.Command{
		Use: "config [REGION/]NODE|DATACENTER", Short: "Show a node's configuration, and where each value comes from", Args: invocation.One("NODE or DATACENTER"), DisableFlagsInUseLine: true,
		Long: `Config shows the cassandra.yaml and the JVM's options of a node, or what the nodes of
a datacenter are to have, with the origin of each value: the base configuration,
which is the file of defaults that its version of Cassandra ships, the ring's
configuration, the datacenter's, the Secret that spec.configSecret names, the ConfigMap
that perNodeConfigMapRef names, or Ringspan itself, and why.

A node is named by its pod, and what is shown is what it was started with; that may
differ from the datacenter's while a change is on its way. Passwords are not shown.`,
		Example: `  ringspan config multi-region-dc1-rack1-sts-0
  ringspan config eu-central-1/dc2
  ringspan config dc1 -o json | jq '.cassandraYaml[] | select(.key == "storage_compatibility_mode")'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := output.Check(cmd); err != nil {
				return err
			}
			_, all, err := f.Running(cmd.Context())
			if err != nil {
				return err
			}
			found, err := find(cmd.Context(), all, args[0])
			if err != nil {
				return err
			}
			subject, err := found.subject(cmd.Context())
			if err != nil {
				return err
			}
			if subject.Pod != nil {
				if err := readNode(cmd.Context(), found, &subject); err != nil {
					fmt.Fprintf(cmd.ErrOrStderr(), "Node %s can't be read (%v): shown is what it was given.\n", subject.Pod.Name, err)
				}
			}
			config, err := effective.Of(subject)
			if err != nil {
				return err
			}
			if output.Format == "json" {
				return invocation.PrintJSON(cmd.OutOrStdout(), config)
			}
			return printYAML(cmd.OutOrStdout(), config)
		},
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return complete(cmd.Context(), f), cobra.ShellCompDirectiveNoFileComp
		},
	}
	output.Flag(cmd, "yaml", "json")
	return cmd
}

// readLimit bounds how long a node may take to show its file.
const readLimit = 10 * time.Second

// readNode takes the file that the node was started with, and the profile of its image.
func readNode(ctx context.Context, found match, s *effective.Subject) error {
	ctx, cancel := context.WithTimeoutCause(ctx, readLimit, fmt.Errorf("no answer in %s", readLimit))
	defer cancel()
	var out, complaint bytes.Buffer
	node := region.Node{Region: found.region, Datacenter: found.datacenter, Pod: *found.pod}
	if err := node.Exec(ctx, []string{"sh", "-c", `echo "$CASSANDRA_JVM_PROFILE" && cat /config/cassandra.yaml`}, &out, &complaint); err != nil {
		return fmt.Errorf("%w %s", err, strings.TrimSpace(complaint.String()))
	}
	profile, text, _ := strings.Cut(out.String(), "\n")
	running := map[string]any{}
	if err := yaml.Unmarshal([]byte(text), &running); err != nil {
		return fmt.Errorf("/config/cassandra.yaml: %w", err)
	}
	s.Profile, s.Running = profile, running
	return nil
}

// printYAML prints a document that is one of YAML, with the origins as comments.
func printYAML(out io.Writer, c effective.Config) error {
	values, err := document(c.CassandraYAML)
	if err != nil {
		return err
	}
	flags := &yaml.Node{Kind: yaml.SequenceNode}
	for _, f := range c.JVM {
		flag := word(f.Flag)
		flag.LineComment = "# " + f.Origin
		flags.Content = append(flags.Content, flag)
	}
	doc := &yaml.Node{Kind: yaml.MappingNode}
	for _, one := range [][2]string{{"region", c.Region}, {"datacenter", c.Datacenter}, {"node", c.Node}, {"version", c.Version}, {"baseConfiguration", c.BaseConfiguration}} {
		if one[1] != "" {
			doc.Content = append(doc.Content, word(one[0]), word(one[1]))
		}
	}
	doc.Content = append(doc.Content, word("cassandraYaml"), values, word("jvm"), flags)
	encoder := yaml.NewEncoder(out)
	encoder.SetIndent(2)
	if err := encoder.Encode(doc); err != nil {
		return err
	}
	return encoder.Close()
}

func word(text string) *yaml.Node {
	n := &yaml.Node{}
	n.SetString(text)
	return n
}

// document nests values as cassandra.yaml does.
func document(values []effective.Value) (*yaml.Node, error) {
	root := &yaml.Node{Kind: yaml.MappingNode}
	for _, v := range values {
		at := root
		for _, key := range v.Path[:len(v.Path)-1] {
			at = below(at, key)
		}
		key, value := word(v.Path[len(v.Path)-1]), &yaml.Node{}
		if err := value.Encode(v.Value); err != nil {
			return nil, fmt.Errorf("%s: %w", v.Key, err)
		}
		if value.Kind == yaml.ScalarNode {
			value.LineComment = "# " + v.Origin
		} else {
			key.HeadComment = "# " + v.Origin
		}
		at.Content = append(at.Content, key, value)
	}
	return root, nil
}

// below is the map of a key, which is made if it isn't there.
func below(m *yaml.Node, key string) *yaml.Node {
	for i := 0; i < len(m.Content); i += 2 {
		if m.Content[i].Value == key && m.Content[i+1].Kind == yaml.MappingNode {
			return m.Content[i+1]
		}
	}
	deeper := &yaml.Node{Kind: yaml.MappingNode}
	m.Content = append(m.Content, word(key), deeper)
	return deeper
}
