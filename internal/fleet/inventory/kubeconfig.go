package inventory

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/oauth2"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/client-go/transport"

	"github.com/ringspan/ringspan/internal/fleet/aws"
	"github.com/ringspan/ringspan/internal/fleet/aws/login"
	"github.com/ringspan/ringspan/internal/fleet/provision"
)

// SaveKubeconfig writes what this machine keeps of a fleet elsewhere: a kubeconfig in
// which this program logs in, with the credentials of whoever uses it.
func (f AWS) SaveKubeconfig(p provision.Provider, endpoints []provision.Endpoint) error {
	data, err := kubeconfigOf(p, endpoints)
	if err != nil {
		return err
	}
	return f.Save(data)
}

// SaveKubeconfig writes a kubeconfig in which this program logs in with the keys of
// the fleet's own account; only its owner can read it.
func (l Local) SaveKubeconfig(p provision.Provider, endpoints []provision.Endpoint) error {
	data, err := kubeconfigOf(p, endpoints)
	if err != nil {
		return err
	}
	part := l.Kubeconfig() + ".part"
	if err := os.WriteFile(part, data, 0o600); err != nil {
		return err
	}
	return os.Rename(part, l.Kubeconfig())
}

// Program is this program's file, wherever a link to it lies.
func Program() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(self)
}

// kubeconfigOf is configOf as a file.
func kubeconfigOf(p provision.Provider, endpoints []provision.Endpoint) ([]byte, error) {
	c, err := configOf(p, endpoints)
	if err != nil {
		return nil, err
	}
	return clientcmd.Write(*c)
}

// configOf has one context a region, with the provider's credentials.
func configOf(p provision.Provider, endpoints []provision.Endpoint) (*clientcmdapi.Config, error) {
	self, err := Program()
	if err != nil {
		return nil, err
	}
	c := clientcmdapi.NewConfig()
	for _, e := range endpoints {
		c.Clusters[e.Region], c.AuthInfos[e.Region] = p.Credentials(self, e)
		c.Contexts[e.Region] = &clientcmdapi.Context{Cluster: e.Region, AuthInfo: e.Region}
	}
	if len(endpoints) > 0 {
		c.CurrentContext = endpoints[0].Region
	}
	return c, nil
}

// logIn spares a client that would call this program for tokens the call.
func logIn(c *rest.Config) {
	if t := tokensOf(c.ExecProvider); t != nil {
		c.ExecProvider = nil
		c.Wrap(transport.TokenSourceWrapTransport(transport.NewCachedTokenSource(t)))
	}
}

// tokensOf reads what login.Exec and the account's credentials write. A call of anything
// else, or with anything else, stays a call: nil.
func tokensOf(exec *clientcmdapi.ExecConfig) *tokens {
	if exec == nil || len(exec.Args)%2 == 0 || exec.Args[0] != "token" {
		return nil
	}
	t := &tokens{}
	for i := 1; i < len(exec.Args); i += 2 {
		switch value := exec.Args[i+1]; exec.Args[i] {
		case "--region":
			t.options.Region = value
		case "--cluster":
			t.cluster = value
		case aws.EndpointFlag:
			t.options.Endpoint = value
		default:
			return nil
		}
	}
	for _, v := range exec.Env {
		switch v.Name {
		case "AWS_ACCESS_KEY_ID":
			t.options.Keys.ID = v.Value
		case "AWS_SECRET_ACCESS_KEY":
			t.options.Keys.Secret = v.Value
		}
	}
	if t.options.Region == "" || t.cluster == "" {
		return nil
	}
	return t
}

// tokens of one cluster.
type tokens struct {
	options aws.Options
	cluster string
}

// signTimeout bounds how long credentials may take to be found.
const signTimeout = 30 * time.Second

// Token implements oauth2.TokenSource.
func (t *tokens) Token() (*oauth2.Token, error) {
	ctx, cancel := context.WithTimeout(context.Background(), signTimeout)
	defer cancel()
	c, err := aws.Connect(ctx, t.options)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	token, err := c.Token(ctx, t.options.Region, t.cluster)
	return &oauth2.Token{AccessToken: token, Expiry: now.Add(login.TokenLife)}, err
}
