package aws

import (
	"context"
	"os"

	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/ringspan/ringspan/internal/fleet/aws/login"
	"github.com/ringspan/ringspan/internal/fleet/provision"
)

// EndpointFlag is how this program is told to log in elsewhere than at AWS.
const EndpointFlag = "--endpoint"

// Credentials call `program token`. Where the account has keys of its own, as on this
// machine, they are in the credentials; else those of whoever calls count.
func (c *Cloud) Credentials(program string, e provision.Endpoint) (*clientcmdapi.Cluster, *clientcmdapi.AuthInfo) {
	var more []string
	if c.url != "" {
		more = []string{EndpointFlag, c.url}
	}
	exec := login.Exec(program, e.Region, e.Cluster, more...)
	exec.Env = c.keys.variables()
	return &clientcmdapi.Cluster{Server: e.Server, CertificateAuthorityData: e.CA}, &clientcmdapi.AuthInfo{Exec: exec}
}

// Names of the variables in which AWS's programs take an access key.
const (
	keyIDVariable  = "AWS_ACCESS_KEY_ID"
	secretVariable = "AWS_SECRET_ACCESS_KEY"
)

// variables are an environment in which every AWS program calls with these keys, and
// none of the user's own settings counts.
func (k Keys) variables() []clientcmdapi.ExecEnvVar {
	if k == (Keys{}) {
		return nil
	}
	return []clientcmdapi.ExecEnvVar{
		{Name: keyIDVariable, Value: k.ID}, {Name: secretVariable, Value: k.Secret},
		{Name: "AWS_SESSION_TOKEN"}, {Name: "AWS_PROFILE"}, {Name: "AWS_CONFIG_FILE", Value: os.DevNull}, {Name: "AWS_SHARED_CREDENTIALS_FILE", Value: os.DevNull},
	}
}

// Token logs in to a cluster as whom the credentials are. It is a secret.
func (c *Cloud) Token(ctx context.Context, region, cluster string) (string, error) {
	return login.Token(ctx, c.config, region, cluster)
}
