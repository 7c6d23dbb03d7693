package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	gocql "github.com/apache/cassandra-gocql-driver/v2"
	"github.com/spf13/cobra"
	"golang.org/x/term"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/internal/topology"
)

func cqlCommand(o *options) *cobra.Command {
	var regionName, node, statement, file, output string
	cmd := &cobra.Command{
		Use: "cql", Short: "Run CQL: a statement, a file or a prompt", Args: cobra.NoArgs,
		Long: `Cql connects to a node of the ring and logs in with the ring's superuser Secret.
Statements come from -e, from a file (-f), from standard input, or from a prompt.
As in cqlsh: CONSISTENCY [LEVEL], DESCRIBE ..., EXPAND ON|OFF, SOURCE 'FILE', HELP, EXIT.`,
		Example: `  ringspan cql -e "SELECT * FROM system.local"
  ringspan cql --region eu-central-1
  ringspan cql -f schema.cql
  ringspan cql -e "CONSISTENCY LOCAL_QUORUM; SELECT * FROM shop.orders" -o json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, all, err := o.running(cmd.Context())
			if err != nil {
				return err
			}
			t, err := pick(cmd.Context(), all, regionName, node)
			if err != nil {
				return err
			}
			session, stop, err := t.session(cmd.Context())
			if err != nil {
				return err
			}
			defer stop()
			s := &shell{session: session, out: cmd.OutOrStdout(), errOut: cmd.ErrOrStderr(), consistency: gocql.LocalOne, json: output == "json"}
			return s.run(cmd.Context(), statement, file, cmd.InOrStdin())
		},
	}
	cmd.Flags().StringVar(&regionName, "region", "", "region to connect to (default: any)")
	cmd.Flags().StringVar(&node, "node", "", "pod to connect to")
	cmd.Flags().StringVarP(&statement, "execute", "e", "", "statements to run")
	cmd.Flags().StringVarP(&file, "file", "f", "", "file of statements to run")
	cmd.Flags().StringVarP(&output, "output", "o", "table", "table or json")
	return cmd
}

// session connects to the pod's native port through the API server.
func (t target) session(ctx context.Context) (*gocql.Session, func(), error) {
	port, stop, err := t.forward(ctx, 9042)
	if err != nil {
		return nil, nil, err
	}
	config := gocql.NewCluster("127.0.0.1")
	config.Port = int(port)
	config.DisableInitialHostLookup = true
	config.NumConns, config.Timeout, config.ConnectTimeout = 1, 15*time.Second, 15*time.Second
	config.Logger = nil
	config.Consistency = gocql.LocalOne
	if username, password, err := t.login(ctx); err != nil {
		stop()
		return nil, nil, err
	} else if username != "" {
		config.Authenticator = gocql.PasswordAuthenticator{Username: username, Password: password}
	}
	session, err := config.CreateSession()
	if err != nil {
		stop()
		return nil, nil, fmt.Errorf("connecting to %s in %s: %w", t.pod.Name, t.region.name, err)
	}
	return session, func() { session.Close(); stop() }, nil
}

// login reads the superuser's Secret; a ring without one has no login.
func (t target) login(ctx context.Context) (username, password string, err error) {
	name := t.dc.Spec.SuperuserSecretName
	if name == "" {
		name = topology.NamesOf(t.dc.Spec.ClusterName, t.dc.Name).SuperuserSecret()
	}
	var secret corev1.Secret
	if err := t.region.client.Get(ctx, client.ObjectKey{Namespace: t.dc.Namespace, Name: name}, &secret); err != nil {
		if t.dc.Spec.SuperuserSecretName == "" {
			return "", "", nil
		}
		return "", "", fmt.Errorf("the superuser's login: %w", err)
	}
	return string(secret.Data["username"]), string(secret.Data["password"]), nil
}

// forward opens a port of the loopback address that leads to a port of the pod.
func (t target) forward(ctx context.Context, to int) (uint16, func(), error) {
	kube, err := kubernetes.NewForConfig(t.region.config)
	if err != nil {
		return 0, nil, err
	}
	transport, upgrader, err := spdy.RoundTripperFor(t.region.config)
	if err != nil {
		return 0, nil, err
	}
	url := kube.CoreV1().RESTClient().Post().Resource("pods").Namespace(t.pod.Namespace).Name(t.pod.Name).SubResource("portforward").URL()
	dialer := spdy.NewDialer(upgrader, &http.Client{Transport: transport}, http.MethodPost, url)
	stop, isReady, failed := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	f, err := portforward.NewOnAddresses(dialer, []string{"127.0.0.1"}, []string{fmt.Sprintf("0:%d", to)}, stop, isReady, io.Discard, io.Discard)
	if err != nil {
		return 0, nil, err
	}
	go func() { failed <- f.ForwardPorts() }()
	select {
	case <-isReady:
	case err := <-failed:
		return 0, nil, fmt.Errorf("reaching pod %s: %w", t.pod.Name, err)
	case <-ctx.Done():
		close(stop)
		return 0, nil, ctx.Err()
	}
	ports, err := f.GetPorts()
	if err != nil {
		close(stop)
		return 0, nil, err
	}
	return ports[0].Local, func() { close(stop) }, nil
}

// shell runs statements and prints what they give.
type shell struct {
	session     *gocql.Session
	out, errOut io.Writer
	consistency gocql.Consistency
	expand      bool
	json        bool
	keyspace    string
}

func (s *shell) run(ctx context.Context, statement, file string, in io.Reader) error {
	switch {
	case statement != "":
		return s.script(ctx, statement)
	case file != "":
		return s.source(ctx, file)
	}
	if f, ok := in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return s.prompt(ctx, f)
	}
	data, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	return s.script(ctx, string(data))
}

func (s *shell) source(ctx context.Context, path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return s.script(ctx, string(data))
}

// script runs statements until one fails.
func (s *shell) script(ctx context.Context, text string) error {
	statements, rest := splitStatements(text)
	if strings.TrimSpace(rest) != "" {
		statements = append(statements, rest)
	}
	for _, one := range statements {
		if err := s.statement(ctx, one); err != nil {
			if errors.Is(err, errExit) {
				return nil
			}
			return err
		}
	}
	return nil
}

// prompt reads from a terminal; a failed statement is shown and the next one asked for.
func (s *shell) prompt(ctx context.Context, in *os.File) error {
	fmt.Fprintln(s.out, "Type HELP for help, EXIT to leave. Statements end with a semicolon.")
	lines := bufio.NewScanner(in)
	var pending string
	for {
		if pending == "" {
			fmt.Fprintf(s.out, "cql%s> ", prefixed(":", s.keyspace))
		} else {
			fmt.Fprint(s.out, "  ... ")
		}
		if !lines.Scan() || ctx.Err() != nil {
			fmt.Fprintln(s.out)
			return lines.Err()
		}
		if pending == "" && ownCommand(lines.Text()) {
			pending = lines.Text() + ";"
		} else {
			pending += lines.Text() + "\n"
		}
		var statements []string
		statements, pending = splitStatements(pending)
		if strings.TrimSpace(pending) == "" {
			pending = ""
		}
		for _, one := range statements {
			if err := s.statement(ctx, one); errors.Is(err, errExit) {
				return nil
			} else if err != nil {
				fmt.Fprintln(s.errOut, err)
			}
		}
	}
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

// ownCommand is one that cqlsh takes without a semicolon.
func ownCommand(line string) bool {
	word, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(line)), " ")
	switch strings.TrimSuffix(word, ";") {
	case "CONSISTENCY", "DESCRIBE", "DESC", "EXPAND", "SOURCE", "HELP", "EXIT", "QUIT":
		return !strings.HasSuffix(strings.TrimSpace(line), ";")
	}
	return false
}

var errExit = errors.New("exit")

const help = `CQL statements end with a semicolon. Besides them:
  CONSISTENCY [LEVEL]    show or set the consistency level
  DESCRIBE KEYSPACES | KEYSPACE k | TABLES | TABLE t | CLUSTER | SCHEMA
  EXPAND ON | OFF        one line a column
  SOURCE 'FILE'          run the statements of a file
  EXIT                   leave`

// statement runs one statement or one of the shell's own commands.
func (s *shell) statement(ctx context.Context, text string) error {
	words := strings.Fields(text)
	if len(words) == 0 {
		return nil
	}
	switch strings.ToUpper(words[0]) {
	case "EXIT", "QUIT":
		return errExit
	case "HELP":
		fmt.Fprintln(s.out, help)
		return nil
	case "CONSISTENCY":
		return s.setConsistency(words[1:])
	case "EXPAND":
		s.expand = len(words) > 1 && strings.EqualFold(words[1], "ON")
		return nil
	case "SOURCE":
		return s.source(ctx, strings.Trim(strings.Join(words[1:], " "), "'\""))
	case "USE":
		if len(words) > 1 {
			return s.use(ctx, strings.Trim(words[1], `"`))
		}
	case "DESC":
		text = "DESCRIBE" + text[len(words[0]):]
	}
	return s.query(ctx, text)
}

func (s *shell) setConsistency(words []string) error {
	if len(words) == 0 {
		_, err := fmt.Fprintf(s.out, "Current consistency level is %s.\n", s.consistency)
		return err
	}
	level, err := gocql.ParseConsistencyWrapper(strings.ToUpper(words[0]))
	if err != nil {
		return fmt.Errorf("CONSISTENCY %s: not a consistency level: ANY, ONE, TWO, THREE, QUORUM, ALL, LOCAL_QUORUM, EACH_QUORUM, LOCAL_ONE", words[0])
	}
	s.consistency = level
	_, err = fmt.Fprintf(s.out, "Consistency level set to %s.\n", s.consistency)
	return err
}

// use remembers the keyspace; the driver can't change it within a session, so
// it goes with each statement.
func (s *shell) use(ctx context.Context, keyspace string) error {
	if err := s.session.Query("SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?", keyspace).WithContext(ctx).Scan(new(string)); err != nil {
		return fmt.Errorf("USE %s: keyspace %q does not exist", keyspace, keyspace)
	}
	s.keyspace = keyspace
	return nil
}

func (s *shell) query(ctx context.Context, text string) error {
	q := s.session.Query(text).WithContext(ctx).Consistency(s.consistency).SerialConsistency(gocql.LocalSerial)
	if s.keyspace != "" {
		q = q.SetKeyspace(s.keyspace)
	}
	iter := q.Iter()
	columns := iter.Columns()
	var rows []map[string]any
	for {
		row := map[string]any{}
		if !iter.MapScan(row) {
			break
		}
		for _, c := range columns {
			if c.TypeInfo.Type() == gocql.TypeSet {
				row[c.Name] = set{row[c.Name]}
			}
		}
		rows = append(rows, row)
	}
	if err := iter.Close(); err != nil {
		return fmt.Errorf("%w", err)
	}
	if len(columns) == 0 {
		return nil
	}
	var header []string
	for _, c := range columns {
		header = append(header, c.Name)
	}
	if i := slices.Index(header, "create_statement"); i >= 0 && !s.json && strings.HasPrefix(strings.ToUpper(text), "DESC") {
		for _, r := range rows {
			fmt.Fprintf(s.out, "\n%s\n", r["create_statement"])
		}
		return nil
	}
	return printRows(s.out, header, rows, s.expand, s.json)
}
