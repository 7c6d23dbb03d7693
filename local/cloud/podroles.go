package cloud

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ringspan/ringspan/local/aws/iam"
)

// Where the agent of EKS Pod Identity listens on every node, what it is asked, and
// the audience of the tokens that it accepts ("Understand how EKS Pod Identity works",
// Amazon EKS User Guide).
var rolesAddress = netip.MustParseAddr("169.254.170.23")

const (
	rolesPort     = 80
	rolesPath     = "/v1/credentials"
	rolesAudience = "pods.eks.amazonaws.com"
)

// podRoles answers pods of one cluster with the credentials of their roles.
type podRoles struct {
	cluster     string // region/name
	review      func(context.Context, *authenticationv1.TokenReview) (*authenticationv1.TokenReview, error)
	credentials func(cluster, namespace, account string) (iam.Key, error)
}

// podCredentials is the answer, in the shape that AWS's clients read.
type podCredentials struct {
	AccessKeyID     string    `json:"AccessKeyId"`
	SecretAccessKey string    `json:"SecretAccessKey"`
	Token           string    `json:"Token"`
	AccountID       string    `json:"AccountId"`
	Expiration      time.Time `json:"Expiration"`
}

// ServeHTTP takes a service account's token and gives its role's credentials.
func (p *podRoles) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != rolesPath || r.Method != http.MethodGet {
		http.NotFound(w, r)
		return
	}
	namespace, account, err := p.who(r.Context(), r.Header.Get("Authorization"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnauthorized)
		return
	}
	key, err := p.credentials(p.cluster, namespace, account)
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(podCredentials{key.ID, key.Secret, key.Token, accountOf(key.ARN), key.Expires}) // a pod that went away asks again
}

// who asks the API server whose a token is.
func (p *podRoles) who(ctx context.Context, token string) (namespace, account string, err error) {
	if token == "" {
		return "", "", errors.New("there is no token in the header Authorization")
	}
	review, err := p.review(ctx, &authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: token, Audiences: []string{rolesAudience}}})
	if err != nil {
		return "", "", fmt.Errorf("asking the API server: %w", err)
	}
	if !review.Status.Authenticated {
		return "", "", errors.New("the token is not good for " + rolesAudience)
	}
	rest, ok := strings.CutPrefix(review.Status.User.Username, "system:serviceaccount:")
	namespace, account, found := strings.Cut(rest, ":")
	if !ok || !found {
		return "", "", errors.New("the token is not that of a service account")
	}
	return namespace, account, nil
}

func accountOf(arn string) string {
	parts := strings.Split(arn, ":")
	if len(parts) < 5 {
		return ""
	}
	return parts[4]
}

// startRoles answers on all nodes that there are, and on those that come.
func (h *hosted) startRoles() error {
	if h.addons[addonRoles] != nil {
		return nil
	}
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: &podRoles{
		cluster: h.spec.ID, credentials: h.clusters.credentials,
		review: func(ctx context.Context, r *authenticationv1.TokenReview) (*authenticationv1.TokenReview, error) {
			return h.client.AuthenticationV1().TokenReviews().Create(ctx, r, metav1.CreateOptions{})
		},
	}}
	stop := context.AfterFunc(h.running, func() { _ = server.Close() })
	h.addons[addonRoles] = &addon{roles: server, end: func() { stop(); _ = server.Close() }}
	var errs []error
	for _, n := range h.runningNodes() {
		errs = append(errs, h.serveRoles(n))
	}
	return errors.Join(errs...)
}

// serveRoles answers on one node.
func (h *hosted) serveRoles(n *runningNode) error {
	a := h.addons[addonRoles]
	if a == nil {
		return nil
	}
	if err := n.namespace.AddAddress("lo", rolesAddress); err != nil {
		return err
	}
	listener, err := n.namespace.Listen("tcp", netip.AddrPortFrom(rolesAddress, rolesPort).String())
	if err != nil {
		return fmt.Errorf("%s on %s: %w", addonRoles, n.name, err)
	}
	n.roles = listener
	go func() { _ = a.roles.Serve(listener) }()
	return nil
}

// endRoles ends the answers on a node that is removed.
func endRoles(l net.Listener) {
	if l != nil {
		_ = l.Close() // may be closed by its server already
	}
}
