package access

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"

	authenticationv1 "k8s.io/api/authentication/v1"

	"github.com/ringspan/ringspan/local/aws/plane"
)

// Reviewer is the token webhook of one cluster.
type Reviewer struct {
	cluster string
	sts     http.Handler

	mu     sync.Mutex
	grants []plane.Grant
}

// NewReviewer makes a webhook that accepts no token yet. sts answers the calls
// that tokens stand for.
func NewReviewer(cluster string, sts http.Handler) *Reviewer {
	return &Reviewer{cluster: cluster, sts: sts}
}

// SetGrants replaces who is let in.
func (r *Reviewer) SetGrants(grants []plane.Grant) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.grants = grants
}

// ServeHTTP answers a TokenReview of authentication.k8s.io/v1.
func (r *Reviewer) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	var review authenticationv1.TokenReview
	if err := json.NewDecoder(http.MaxBytesReader(w, q.Body, 1<<20)).Decode(&review); err != nil {
		http.Error(w, "not a TokenReview: "+err.Error(), http.StatusBadRequest)
		return
	}
	user, err := r.review(q, review.Spec.Token)
	review.Spec = authenticationv1.TokenReviewSpec{} // the answer need not repeat the token
	if err != nil {
		review.Status = authenticationv1.TokenReviewStatus{Error: err.Error()}
	} else {
		review.Status = authenticationv1.TokenReviewStatus{Authenticated: true, User: authenticationv1.UserInfo{Username: user.Name, UID: user.Name, Groups: user.Groups}}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(review) // an API server that went away asks again
}

func (r *Reviewer) review(q *http.Request, token string) (User, error) {
	call, err := call(token, r.cluster)
	if err != nil {
		return User{}, err
	}
	answer := httptest.NewRecorder()
	r.sts.ServeHTTP(answer, call.WithContext(q.Context()))
	caller, err := callerOf(answer)
	if err != nil {
		return User{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	user, ok := identify(r.grants, caller)
	if !ok {
		return User{}, fmt.Errorf("%s has no access entry of cluster %s", caller, r.cluster)
	}
	return user, nil
}

// callerOf reads the answer of GetCallerIdentity.
func callerOf(answer *httptest.ResponseRecorder) (string, error) {
	var out struct {
		ARN   string `xml:"GetCallerIdentityResult>Arn"`
		Error string `xml:"Error>Message"`
	}
	if err := xml.Unmarshal(answer.Body.Bytes(), &out); err != nil {
		return "", fmt.Errorf("STS answered with status %d and no XML", answer.Code)
	}
	if answer.Code != http.StatusOK || out.ARN == "" {
		return "", errors.New("STS refuses the token: " + out.Error)
	}
	return out.ARN, nil
}
