package login

import (
	"encoding/json"
	"io"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clientv1 "k8s.io/client-go/pkg/apis/clientauthentication/v1"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Print writes a token that was signed at a moment as what Kubernetes' clients
// expect of a program that they call for credentials.
func Print(to io.Writer, token string, signed time.Time) error {
	until := metav1.NewTime(signed.Add(TokenLife))
	e := json.NewEncoder(to)
	e.SetIndent("", "  ")
	return e.Encode(clientv1.ExecCredential{
		TypeMeta: metav1.TypeMeta{APIVersion: clientv1.SchemeGroupVersion.String(), Kind: "ExecCredential"},
		Status:   &clientv1.ExecCredentialStatus{Token: token, ExpirationTimestamp: &until},
	})
}

// Exec is the part of a kubeconfig that has a program make a token for a cluster;
// more is what it is called with besides.
func Exec(program, region, cluster string, more ...string) *clientcmdapi.ExecConfig {
	return &clientcmdapi.ExecConfig{
		APIVersion: clientv1.SchemeGroupVersion.String(), Command: program,
		Args:            append([]string{"token", "--region", region, "--cluster", cluster}, more...),
		InteractiveMode: clientcmdapi.NeverExecInteractiveMode,
	}
}
