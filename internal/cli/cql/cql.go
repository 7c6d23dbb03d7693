package cql

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	gocql "github.com/apache/cassandra-gocql-driver/v2"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/ringspan/ringspan/internal/cli/cql/shell"
	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/fleet/local"
	"github.com/ringspan/ringspan/internal/region"
)

// exitStatement is the exit code when a statement failed.
const exitStatement = 2

// run is one call of `cql`.
type run struct {
	node                      invocation.Node
	statement, file, username string
	output                    invocation.Output
	keyspace                  string
	in                        io.Reader
	out, errOut               io.Writer
}

// Command is the verb cql.
func Command(f *invocation.Fleet) *cobra.Command {
	c := &run{}
	cmd := &cobra.Command{
		Use: "cql", Short: "Run CQL: statements, a file, or a prompt", Args: invocation.None,
		Long: `Cql connects to a node of the ring, through its region's API server, and logs in with
the ring's superuser Secret. Statements come from -e, from a file (-f), from
standard input, or from a prompt. HELP shows what there is besides CQL: CONSISTENCY,
DESCRIBE, EXPAND, SOURCE, USE and others, as in cqlsh.

Statements run until one fails; the exit code is then 2.`,
		Example: `  ringspan cql
  ringspan cql --region eu-central-1 -e "SELECT * FROM shop.orders"
  ringspan cql -f schema.cql
  ringspan cql -e "CONSISTENCY LOCAL_QUORUM; SELECT * FROM shop.orders" -o json
  ringspan cql --username app    # another login; the password is asked for`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.output.Check(cmd); err != nil {
				return err
			}
			if c.statement != "" && c.file != "" {
				return invocation.Usage(cmd, errors.New("-e and -f exclude each other"))
			}
			c.in, c.out, c.errOut = cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr()
			_, all, err := f.Running(cmd.Context())
			if err != nil {
				return err
			}
			return c.run(cmd.Context(), all)
		},
	}
	c.node.Flags(cmd, f)
	cmd.Flags().StringVarP(&c.statement, "execute", "e", "", "run `STATEMENTS`")
	cmd.Flags().StringVarP(&c.file, "file", "f", "", "run the statements in `FILE`")
	cmd.Flags().StringVarP(&c.keyspace, "keyspace", "k", "", "look names without a keyspace up in `KEYSPACE`")
	cmd.Flags().StringVarP(&c.username, "username", "u", "", "log in as `ROLE`; its password is asked for, or taken from $"+passwordVariable)
	c.output.Flag(cmd, "table", "json")
	return cmd
}

func (c *run) run(ctx context.Context, all []region.Region) error {
	home, err := local.Home()
	if err != nil {
		return err
	}
	t, err := c.node.Pick(ctx, all)
	if err != nil {
		return err
	}
	username, password, err := c.login(ctx, t)
	if err != nil {
		return err
	}
	session, err := shell.Connect(func(keyspace string) (*gocql.Session, error) { return connect(t, username, password, keyspace) })
	if err != nil {
		text := strings.TrimPrefix(err.Error(), "unable to connect to initial hosts: ")
		return fmt.Errorf("connecting to %s in %s: %s", t.Pod.Name, t.Region.Name, text)
	}
	defer session.Close()
	prompt := shell.New(session, c.out, c.errOut)
	prompt.JSON = c.output.Format == "json"
	prompt.Host = fmt.Sprintf("%s at %s in %s", t.Datacenter.Spec.ClusterName, t.Pod.Name, t.Region.Name)
	prompt.Version = "Cassandra " + t.Datacenter.Spec.ServerVersion
	if err = c.feed(ctx, prompt, filepath.Join(home, "cql_history")); err != nil && ctx.Err() == nil {
		fmt.Fprintln(c.errOut, err)
		return invocation.Exit(exitStatement)
	}
	return err
}

// feed runs what there is to run.
func (c *run) feed(ctx context.Context, prompt *shell.Shell, history string) error {
	if c.keyspace != "" {
		if err := prompt.Statement(ctx, "USE "+c.keyspace); err != nil {
			return err
		}
	}
	in, inOK := c.in.(*os.File)
	out, outOK := c.out.(*os.File)
	switch {
	case c.statement != "":
		return prompt.Script(ctx, "", c.statement)
	case c.file != "":
		return prompt.File(ctx, c.file)
	case inOK && outOK && term.IsTerminal(int(in.Fd())) && term.IsTerminal(int(out.Fd())):
		return prompt.Prompt(ctx, in, out, history)
	}
	data, err := io.ReadAll(c.in)
	if err != nil {
		return err
	}
	return prompt.Script(ctx, "<stdin>", string(data))
}
