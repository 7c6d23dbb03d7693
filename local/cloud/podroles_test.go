package cloud

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"

	"github.com/ringspan/ringspan/local/aws/iam"
)

func TestPodsGetTheCredentialsOfTheirRole(t *testing.T) {
	p := &podRoles{
		cluster: "eu-west-1/ring",
		review: func(_ context.Context, r *authenticationv1.TokenReview) (*authenticationv1.TokenReview, error) {
			if len(r.Spec.Audiences) != 1 || r.Spec.Audiences[0] != "pods.eks.amazonaws.com" {
				t.Errorf("the token is reviewed for %v", r.Spec.Audiences)
			}
			users := map[string]string{"good": "system:serviceaccount:ns:operator", "other": "system:serviceaccount:ns:other", "person": "jo"}
			r.Status.User.Username, r.Status.Authenticated = users[r.Spec.Token], users[r.Spec.Token] != ""
			return r, nil
		},
		credentials: func(cluster, namespace, account string) (iam.Key, error) {
			if cluster != "eu-west-1/ring" || namespace != "ns" || account != "operator" {
				return iam.Key{}, errors.New("it has no role")
			}
			return iam.Key{ID: "ASIA1", Secret: "s", Token: "t", Expires: time.Unix(1, 0).UTC(), ARN: "arn:aws:sts::123456789012:assumed-role/operator/eks"}, nil
		},
	}
	for token, want := range map[string]string{"": "no token", "forged": "not good for", "person": "service account", "other": "no role", "good": ""} {
		r := httptest.NewRequest(http.MethodGet, "/v1/credentials", http.NoBody)
		r.Header.Set("Authorization", token)
		answer := httptest.NewRecorder()
		p.ServeHTTP(answer, r)
		if want != "" {
			if answer.Code == http.StatusOK || !strings.Contains(answer.Body.String(), want) {
				t.Errorf("token %q: %d %s", token, answer.Code, answer.Body)
			}
			continue
		}
		var got map[string]string
		if err := json.Unmarshal(answer.Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if got["AccessKeyId"] != "ASIA1" || got["SecretAccessKey"] != "s" || got["Token"] != "t" || got["AccountId"] != "123456789012" || got["Expiration"] != "1970-01-01T00:00:01Z" {
			t.Errorf("answer: %v", got)
		}
	}
	answer := httptest.NewRecorder()
	p.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/latest/meta-data", http.NoBody))
	if answer.Code != http.StatusNotFound {
		t.Errorf("another path: %d", answer.Code)
	}
}
