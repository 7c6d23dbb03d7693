package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	gocql "github.com/apache/cassandra-gocql-driver/v2"
	"github.com/spf13/cobra"
	"golang.org/x/term"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/internal/cli/cql"
	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/fleet/local"
	"github.com/ringspan/ringspan/internal/region"
	"github.com/ringspan/ringspan/internal/topology"
)

// cqlRun is one call of `cql`.
type cqlRun struct {
	node                      invocation.Node
	statement, file, username string
	output                    invocation.Output
	keyspace                  string
	in                        io.Reader
	out, errOut               io.Writer
}

// passwordVariable holds the password of --username where nobody can be asked.
const passwordVariable = "RINGSPAN_CQL_PASSWORD"

func cqlCommand(f *invocation.Fleet) *cobra.Command {
	c := &cqlRun{}
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

func (c *cqlRun) run(ctx context.Context, all []region.Region) error {
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
	session, err := cql.Connect(func(keyspace string) (*gocql.Session, error) { return connect(t, username, password, keyspace) })
	if err != nil {
		text := strings.TrimPrefix(err.Error(), "unable to connect to initial hosts: ")
		return fmt.Errorf("connecting to %s in %s: %s", t.Pod.Name, t.Region.Name, text)
	}
	defer session.Close()
	shell := cql.New(session, c.out, c.errOut)
	shell.JSON = c.output.Format == "json"
	shell.Host = fmt.Sprintf("%s at %s in %s", t.Datacenter.Spec.ClusterName, t.Pod.Name, t.Region.Name)
	shell.Version = "Cassandra " + t.Datacenter.Spec.ServerVersion
	if err = c.feed(ctx, shell, filepath.Join(home, "cql_history")); err != nil && ctx.Err() == nil {
		fmt.Fprintln(c.errOut, err)
		return invocation.Exit(invocation.ExitUsage)
	}
	return err
}

// feed runs what there is to run.
func (c *cqlRun) feed(ctx context.Context, shell *cql.Shell, history string) error {
	if c.keyspace != "" {
		if err := shell.Statement(ctx, "USE "+c.keyspace); err != nil {
			return err
		}
	}
	in, inOK := c.in.(*os.File)
	out, outOK := c.out.(*os.File)
	switch {
	case c.statement != "":
		return shell.Script(ctx, "", c.statement)
	case c.file != "":
		return shell.File(ctx, c.file)
	case inOK && outOK && term.IsTerminal(int(in.Fd())) && term.IsTerminal(int(out.Fd())):
		return shell.Prompt(ctx, in, out, history)
	}
	data, err := io.ReadAll(c.in)
	if err != nil {
		return err
	}
	return shell.Script(ctx, "<stdin>", string(data))
}

// login is that of --username, else the ring's superuser's.
func (c *cqlRun) login(ctx context.Context, t region.Node) (username, password string, err error) {
	if c.username == "" {
		return superuser(ctx, t)
	}
	if password, ok := os.LookupEnv(passwordVariable); ok {
		return c.username, password, nil
	}
	in, ok := c.in.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return "", "", fmt.Errorf("--username: there is no terminal to ask for the password on; set $%s", passwordVariable)
	}
	fmt.Fprintf(c.errOut, "Password of %s: ", c.username)
	typed, err := term.ReadPassword(int(in.Fd()))
	fmt.Fprintln(c.errOut)
	return c.username, string(typed), err
}

// superuser reads the ring's Secret; a ring without one has no login.
func superuser(ctx context.Context, t region.Node) (username, password string, err error) {
	name := t.Datacenter.Spec.SuperuserSecretName
	if name == "" {
		name = topology.NamesOf(t.Datacenter.Spec.ClusterName, t.Datacenter.Name).SuperuserSecret()
	}
	var secret corev1.Secret
	err = t.Region.Client.Get(ctx, client.ObjectKey{Namespace: t.Datacenter.Namespace, Name: name}, &secret)
	if apierrors.IsNotFound(err) && t.Datacenter.Spec.SuperuserSecretName == "" {
		return "", "", nil
	}
	if err != nil {
		return "", "", fmt.Errorf("the superuser's login, Secret %s in region %s: %w", name, t.Region.Name, err)
	}
	return string(secret.Data["username"]), string(secret.Data["password"]), nil
}

// connect opens a session at the pod's native port.
func connect(t region.Node, username, password, keyspace string) (*gocql.Session, error) {
	config := gocql.NewCluster(t.Pod.Status.PodIP)
	config.HostDialer = podDialer{t, 9042}
	config.DisableInitialHostLookup = true // only this pod
	config.IgnorePeerAddr = true
	config.NumConns, config.Timeout, config.ConnectTimeout = 1, 20*time.Second, 20*time.Second
	config.ReconnectionPolicy = &gocql.ConstantReconnectionPolicy{MaxRetries: 1, Interval: time.Second}
	config.ProtoVersion, config.Keyspace = 5, keyspace
	if username != "" {
		config.Authenticator = gocql.PasswordAuthenticator{Username: username, Password: password}
	}
	return config.CreateSession()
}

// podDialer connects to a port of one pod through the API server, whichever host
// the driver asks for.
type podDialer struct {
	node region.Node
	port int
}

// DialHost implements gocql.HostDialer.
func (d podDialer) DialHost(ctx context.Context, _ *gocql.HostInfo) (*gocql.DialedHost, error) {
	conn, err := d.node.Dial(ctx, d.port)
	if err != nil {
		return nil, fmt.Errorf("reaching port %d of pod %s in %s: %w", d.port, d.node.Pod.Name, d.node.Region.Name, err)
	}
	return &gocql.DialedHost{Conn: conn, DisableCoalesce: true}, nil
}
