package access

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const (
	tokenPrefix   = "k8s-aws-v1."
	clusterHeader = "x-k8s-aws-id"
	longestLife   = 900 // seconds that a token's signature may be good for
)

// call is the STS request that a token stands for.
func call(token, cluster string) (*http.Request, error) {
	encoded, ok := strings.CutPrefix(token, tokenPrefix)
	if !ok {
		return nil, errors.New("the token doesn't begin with " + tokenPrefix)
	}
	text, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(encoded, "="))
	if err != nil {
		return nil, errors.New("the token isn't base64")
	}
	target, err := url.Parse(string(text))
	if err != nil {
		return nil, errors.New("the token isn't a URL") // the parser's error would repeat it
	}
	if err := check(target.Query()); err != nil {
		return nil, err
	}
	r, err := http.NewRequest(http.MethodGet, target.String(), http.NoBody) // a server reads it
	if err != nil {
		return nil, errors.New("the token isn't a URL that can be called")
	}
	r.Host, r.RequestURI = target.Host, target.RequestURI()
	r.Header.Set(clusterHeader, cluster)
	return r, nil
}

func check(q url.Values) error {
	if q.Get("Action") != "GetCallerIdentity" {
		return errors.New("the token is for another call than GetCallerIdentity")
	}
	if !slices.Contains(strings.Split(q.Get("X-Amz-SignedHeaders"), ";"), clusterHeader) {
		return fmt.Errorf("the token's signature doesn't cover %s", clusterHeader)
	}
	if life, err := strconv.Atoi(q.Get("X-Amz-Expires")); err != nil || life < 0 || life > longestLife {
		return fmt.Errorf("the token's signature must expire within %d seconds", longestLife)
	}
	return nil
}
