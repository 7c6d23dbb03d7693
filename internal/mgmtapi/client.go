package mgmtapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Client speaks to one node over HTTP.
type Client struct {
	base   string
	http   *http.Client
	epochs Epochs // nil: calls say none
	pod    string // whose agent is meant; empty: calls don't say
}

// PodHeader of a call says which pod's agent it is for: addresses are given to other
// pods, and all agents of a datacenter have one certificate. Another one's refuses it.
const PodHeader = "Ringspan-Pod"

// For is the same client, which says with every call whose agent is meant.
func (c *Client) For(pod string) *Client {
	one := *c
	one.pod = pod
	return &one
}

var _ Node = (*Client)(nil)

// DefaultTimeout bounds every call.
const DefaultTimeout = 15 * time.Second

// New makes a client for http(s)://HOST:PORT. A nil HTTP client means a plain
// one with DefaultTimeout. It goes nowhere else: an agent that answers with a
// redirect would send passwords, and what a person shows the API server, where it likes.
func New(baseURL string, c *http.Client) *Client {
	one := http.Client{Timeout: DefaultTimeout}
	if c != nil {
		one = *c
	}
	one.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{base: strings.TrimSuffix(baseURL, "/"), http: &one}
}

func (c *Client) do(ctx context.Context, method, path string, body, out any) error {
	var in io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return err
		}
		in = bytes.NewReader(data)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, in)
	if err != nil {
		return err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if c.pod != "" {
		request.Header.Set(PodHeader, c.pod)
	}
	name, _, _ := strings.Cut(path, "?")
	if err := c.claim(request); err != nil {
		return fmt.Errorf("%s %s: %w: %w", method, name, ErrUnavailable, err)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return fmt.Errorf("%s %s: %w: %w", method, name, ErrUnavailable, err)
	}
	defer response.Body.Close()
	if err := c.outrun(response); err != nil {
		return fmt.Errorf("%s %s: %w: %w", method, name, ErrUnavailable, err)
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, 16<<20))
	if err != nil {
		return fmt.Errorf("%s %s: %w: %w", method, name, ErrUnavailable, err)
	}
	if response.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %w: %s: %s", method, name, class(response.StatusCode), response.Status, strings.TrimSpace(string(data)))
	}
	switch out := out.(type) {
	case nil:
		return nil
	case *string:
		*out = strings.TrimSpace(string(data))
		return nil
	}
	if err := json.Unmarshal(data, out); err != nil {
		return fmt.Errorf("%s %s: unexpected answer: %w", method, name, err)
	}
	return nil
}

// class of an answer's status. Only the agent tells a JVM that doesn't answer
// (503) from one that says no (500); the stock management API says 500 to both.
// 421 is of another pod's agent, which has the address now: nobody answers for the
// one that was meant.
func class(status int) error {
	switch {
	case status == http.StatusNotFound, status == http.StatusMethodNotAllowed:
		return ErrNotFound
	case status == http.StatusInternalServerError:
		return ErrFailed
	case status == http.StatusMisdirectedRequest, status > http.StatusInternalServerError: // also of the API server, when it can't reach the pod
		return ErrUnavailable
	default:
		return ErrRefused
	}
}

func (c *Client) get(ctx context.Context, path string, out any) error {
	return c.do(ctx, http.MethodGet, path, nil, out)
}

func (c *Client) post(ctx context.Context, path string, body, out any) error {
	return c.do(ctx, http.MethodPost, path, body, out)
}
