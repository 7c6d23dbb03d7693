package access

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	authenticationv1 "k8s.io/api/authentication/v1"

	"github.com/ringspan/ringspan/local/aws/plane"
)

const good = "https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity&X-Amz-Expires=60&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id"

func token(target string) string {
	return "k8s-aws-v1." + base64.RawURLEncoding.EncodeToString([]byte(target))
}

// sts answers that the caller is whom the test wants, and checks what it is asked.
func sts(t *testing.T, caller string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("x-k8s-aws-id") != "ring" || r.Host != "sts.eu-west-1.amazonaws.com" || r.Method != http.MethodGet {
			t.Errorf("STS is asked by %s of %s about the cluster %q", r.Method, r.Host, r.Header.Get("x-k8s-aws-id"))
		}
		if body, err := io.ReadAll(r.Body); err != nil || len(body) > 0 {
			t.Errorf("STS gets the body %q, %v", body, err)
		}
		if caller == "" {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `<ErrorResponse><Error><Message>no such key</Message></Error></ErrorResponse>`)
			return
		}
		fmt.Fprintf(w, `<GetCallerIdentityResponse xmlns="x"><GetCallerIdentityResult><Arn>%s</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>`, caller)
	})
}

func TestReview(t *testing.T) {
	const role, user = "arn:aws:iam::123456789012:role/operator", "arn:aws:iam::123456789012:user/jo"
	grants := []plane.Grant{
		{PrincipalARN: role, Groups: []string{"readers", "eks-access-policy:AmazonEKSViewPolicy"}},
		{PrincipalARN: user, Username: "jo"},
	}
	for _, c := range []struct {
		why, token, caller string
		grants             []plane.Grant
		want               *User
		refusal            string
	}{
		{"a role's session", token(good), "arn:aws:sts::123456789012:assumed-role/operator/i-1", grants,
			&User{"arn:aws:sts::123456789012:assumed-role/operator/i-1", []string{"readers", "eks-access-policy:AmazonEKSViewPolicy"}}, ""},
		{"a role with a path", token(good), "arn:aws:sts::123456789012:assumed-role/operator/i-1",
			[]plane.Grant{{PrincipalARN: "arn:aws:iam::123456789012:role/ringspan/fleet/operator", Groups: []string{"readers"}}},
			&User{"arn:aws:sts::123456789012:assumed-role/operator/i-1", []string{"readers"}}, ""},
		{"a user, with the name of its entry", token(good), user, grants, &User{Name: "jo"}, ""},
		{"a template of the session's name", token(good), "arn:aws:sts::123456789012:assumed-role/operator/i-1",
			[]plane.Grant{{PrincipalARN: role, Username: "system:node:{{SessionName}}"}}, &User{Name: "system:node:i-1"}, ""},
		{"a machine's role in other hands", token(good), "arn:aws:sts::123456789012:assumed-role/operator/i-1",
			[]plane.Grant{{PrincipalARN: role, Username: "system:node:{{EC2PrivateDNSName}}", Groups: []string{"system:nodes"}}}, nil, "no access entry"},
		{"nobody's entry", token(good), "arn:aws:iam::123456789012:user/eve", grants, nil, "no access entry of cluster ring"},
		{"no entries at all", token(good), user, nil, nil, "no access entry"},
		{"STS refuses", token(good), "", grants, nil, "no such key"},
		{"another call", token(strings.Replace(good, "GetCallerIdentity", "AssumeRole", 1)), user, grants, nil, "another call"},
		{"a cluster that isn't signed", token(strings.Replace(good, "%3Bx-k8s-aws-id", "", 1)), user, grants, nil, "doesn't cover"},
		{"a signature for a day", token(strings.Replace(good, "=60", "=86400", 1)), user, grants, nil, "must expire"},
		{"another kind of token", "eyJhbGciOi", user, grants, nil, "doesn't begin with"},
		{"garbage", "k8s-aws-v1.%%%", user, grants, nil, "base64"},
	} {
		r := NewReviewer("ring", sts(t, c.caller))
		r.SetGrants(c.grants)
		body, err := json.Marshal(authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: c.token}})
		if err != nil {
			t.Fatal(err)
		}
		answer := httptest.NewRecorder()
		r.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body)))
		if strings.Contains(answer.Body.String(), c.token) {
			t.Errorf("%s: the answer repeats the token", c.why)
		}
		var got authenticationv1.TokenReview
		if err := json.Unmarshal(answer.Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if c.want == nil {
			if got.Status.Authenticated || !strings.Contains(got.Status.Error, c.refusal) {
				t.Errorf("%s: got %+v, want a refusal that says %q", c.why, got.Status, c.refusal)
			}
			continue
		}
		if d := cmp.Diff(*c.want, User{got.Status.User.Username, got.Status.User.Groups}); d != "" || !got.Status.Authenticated {
			t.Errorf("%s: %+v\n%s", c.why, got.Status, d)
		}
	}
}

func TestBindings(t *testing.T) {
	grants := []plane.Grant{
		{Groups: []string{"readers", "eks-access-policy:AmazonEKSViewPolicy", "eks-access-policy:AmazonEKSEditPolicy:ring"}},
		{Groups: []string{"eks-access-policy:AmazonEKSViewPolicy", "system:masters"}},
	}
	got, err := Bindings(grants)
	if err != nil {
		t.Fatal(err)
	}
	want := []Binding{
		{Group: "eks-access-policy:AmazonEKSEditPolicy:ring", Role: "edit", Namespace: "ring"},
		{Group: "eks-access-policy:AmazonEKSViewPolicy", Role: "view"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if _, err := Bindings([]plane.Grant{{Groups: []string{"eks-access-policy:AmazonEKSUnheardPolicy"}}}); err == nil || !strings.Contains(err.Error(), "AmazonEKSUnheardPolicy") {
		t.Errorf("a policy that isn't known: got %v", err)
	}
}
