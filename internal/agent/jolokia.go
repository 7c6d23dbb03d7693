package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// jmx is the JVM's management interface.
type jmx interface {
	// bulk answers requests in order; one that fails has its err set.
	bulk(ctx context.Context, requests []request) ([]answer, error)
	// login sets the secret that the JVM was started with; empty is none, and nothing is asked.
	login(secret string)
}

type request struct {
	Type      string `json:"type"`
	MBean     string `json:"mbean"`
	Attribute any    `json:"attribute,omitempty"` // a name, or several
	Operation string `json:"operation,omitempty"`
	Arguments []any  `json:"arguments,omitempty"`
	Value     any    `json:"value,omitempty"` // of an attribute that is written
}

type answer struct {
	Status int             `json:"status"`
	Value  json.RawMessage `json:"value"`
	Error  string          `json:"error"`
}

var errNoJVM = errors.New("the JVM does not answer")

// The MBeans that are used here.
const (
	storageService    = "org.apache.cassandra.db:type=StorageService"
	storageProxy      = "org.apache.cassandra.db:type=StorageProxy"
	compactionManager = "org.apache.cassandra.db:type=CompactionManager"
	streamManager     = "org.apache.cassandra.net:type=StreamManager"
	hintsService      = "org.apache.cassandra.hints:type=HintsService"
	gossiper          = "org.apache.cassandra.net:type=Gossiper"
	ownMBean          = "ringspan:type=Internal"
)

// jolokia reaches the JVM's MBeans on the loopback address, with the secret of
// the JVM's present run. Until that JVM says that it listens, the port may be anybody's
// who has the address too, and would be told the secret.
type jolokia struct {
	url    string
	client *http.Client
	secret atomic.Pointer[string]
}

func newJolokia(port string) *jolokia {
	return &jolokia{url: "http://127.0.0.1:" + port + "/jolokia/", client: &http.Client{}}
}

func (j *jolokia) login(secret string) { j.secret.Store(&secret) }

func (j *jolokia) bulk(ctx context.Context, requests []request) ([]answer, error) {
	secret := j.secret.Load()
	if secret == nil || *secret == "" {
		return nil, errNoJVM
	}
	body, err := json.Marshal(requests)
	if err != nil {
		return nil, err
	}
	post, err := http.NewRequestWithContext(ctx, http.MethodPost, j.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	post.Header.Set("Content-Type", "application/json")
	post.SetBasicAuth(jvmUser, *secret)
	response, err := j.client.Do(post)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoJVM, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK { // a request that it can't make sense of, in plain text
		text, _ := io.ReadAll(io.LimitReader(response.Body, 4096)) // as much as there is
		return nil, fmt.Errorf("Jolokia refuses the request: %s", strings.Join(strings.Fields(string(text)), " "))
	}
	var answers []answer
	if err := json.NewDecoder(response.Body).Decode(&answers); err != nil {
		return nil, fmt.Errorf("%w: %w", errNoJVM, err)
	}
	if len(answers) != len(requests) {
		return nil, fmt.Errorf("%w: %d answers to %d requests", errNoJVM, len(answers), len(requests))
	}
	return answers, nil
}

const jmxTimeout = 10 * time.Second

// exec calls one operation and decodes its result.
func exec(ctx context.Context, j jmx, mbean, operation string, out any, arguments ...any) error {
	answers, err := j.bulk(ctx, []request{{Type: "exec", MBean: mbean, Operation: operation, Arguments: arguments}})
	if err != nil {
		return err
	}
	name, _, _ := strings.Cut(operation, "(")
	return answers[0].decode(name, out)
}

// read gets one attribute.
func read(ctx context.Context, j jmx, mbean, attribute string, out any) error {
	answers, err := j.bulk(ctx, []request{{Type: "read", MBean: mbean, Attribute: attribute}})
	if err != nil {
		return err
	}
	return answers[0].decode(attribute, out)
}

// setAttribute writes one attribute.
func setAttribute(ctx context.Context, j jmx, mbean, attribute string, value any) error {
	answers, err := j.bulk(ctx, []request{{Type: "write", MBean: mbean, Attribute: attribute, Value: value}})
	if err != nil {
		return err
	}
	return answers[0].decode(attribute, nil)
}

func (a answer) decode(what string, out any) error {
	if a.Status != http.StatusOK {
		return fmt.Errorf("%s: %s", what, a.Error)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(a.Value, out)
}

// known is what an answer says; nil when it says nothing.
func known[T any](a answer, what string) *T {
	var v T
	if a.decode(what, &v) != nil {
		return nil
	}
	return &v
}

// cql runs a statement as the node itself. The consistency NODE stays on it.
func cql(ctx context.Context, j jmx, statement, consistency string) (rows []map[string]string, err error) {
	return rows, exec(ctx, j, ownMBean, "execute", &rows, statement, consistency)
}

// quote makes a CQL string literal; identifier quotes a name.
func quote(s string) string      { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
func identifier(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// unquote undoes a string literal; other literals stay as they are.
func unquote(s string) string {
	if len(s) >= 2 && s[0] == '\'' && s[len(s)-1] == '\'' {
		return strings.ReplaceAll(s[1:len(s)-1], "''", "'")
	}
	return s
}
