package server_test

import (
	"net/http"
	"testing"
)

// Whoever reaches the port could wipe the account: so the drive takes the account's
// own key only, of strict clouds and of others.
func TestTheDriveTakesTheAccountsKeyOnly(t *testing.T) {
	c := start(t)
	id, secret := c.server.Credentials()
	for _, x := range []struct {
		why, method, path, id, secret string
		origin                        string
		want                          int
	}{
		{why: "no key", method: http.MethodPost, path: "reset", want: http.StatusUnauthorized},
		{why: "another key", method: http.MethodPost, path: "reset", id: "any", secret: "any", want: http.StatusUnauthorized},
		{why: "the ID without the secret", method: http.MethodPost, path: "reset", id: id, want: http.StatusUnauthorized},
		{why: "no key, only looking", method: http.MethodGet, path: "resources", want: http.StatusUnauthorized},
		{why: "no key, changing what may be read", method: http.MethodPost, path: "images", want: http.StatusUnauthorized},
		{why: "a page in a browser that has the key", method: http.MethodPost, path: "reset", id: id, secret: secret, origin: "http://elsewhere.example", want: http.StatusForbidden},
		{why: "which cloud this is", method: http.MethodGet, path: "images", want: http.StatusOK},
		{why: "the key", method: http.MethodPost, path: "reset", id: id, secret: secret, want: http.StatusOK},
	} {
		t.Run(x.why, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), x.method, c.url+"/_cloud/"+x.path, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			if x.id != "" {
				r.SetBasicAuth(x.id, x.secret)
			}
			if x.origin != "" {
				r.Header.Set("Origin", x.origin)
			}
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = answer.Body.Close()
			if answer.StatusCode != x.want {
				t.Errorf("%s, want %d", answer.Status, x.want)
			}
		})
	}
}
