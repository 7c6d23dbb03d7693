package wire

import (
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"
)

type entry struct {
	ClusterName  string   `wire:",uri"`
	PrincipalArn string   `wire:",uri"`
	MaxResults   int      `wire:",query"`
	Keys         []string `wire:",query"`
	Username     string
}

func TestPathsLeadToActions(t *testing.T) {
	p := RESTJSON{Routes: []Route{
		{"GET", "/clusters/{clusterName}/access-entries/{principalArn}", "DescribeAccessEntry"},
		{"GET", "/clusters/{clusterName}", "DescribeCluster"},
	}}
	r := &Request{HTTP: httptest.NewRequest("GET", "/clusters/ring/access-entries/arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fx?maxResults=5&keys=a&keys=b", nil), Body: []byte(`{"username":"u"}`)}
	if action, err := p.Action(r); err != nil || action != "DescribeAccessEntry" {
		t.Fatal(action, err)
	}
	var in entry
	if err := p.Decode(r, &in); err != nil {
		t.Fatal(err)
	}
	if want := (entry{"ring", "arn:aws:iam::1:role/x", 5, []string{"a", "b"}, "u"}); !reflect.DeepEqual(in, want) {
		t.Errorf("%+v", in)
	}
	for _, path := range []string{"/clusters/", "/clusters", "/clusters/a/b", "/nothing"} {
		if action, err := p.Action(&Request{HTTP: httptest.NewRequest("GET", path, nil)}); err == nil {
			t.Errorf("%s leads to %s", path, action)
		}
	}
	for body, want := range map[string]string{`{"user":"u"}`: `"user"`, `{"username":1}`: "body", `{} {}`: "after"} {
		r.Body = []byte(body)
		if err := p.Decode(r, &in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want an error that says %s", body, err, want)
		}
	}
	r.Body, r.HTTP = nil, httptest.NewRequest("GET", "/clusters/ring/access-entries/a?more=1", nil)
	if err := p.Decode(r, &in); err == nil || !strings.Contains(err.Error(), "more") {
		t.Errorf("an unknown parameter: %v", err)
	}
}

func TestJSONOfOutputs(t *testing.T) {
	out := struct {
		Name, Empty string
		CreatedAt   time.Time
		Never       time.Time
		Tags        map[string]string
		List        []string
		Hidden      string `wire:"-"`
	}{Name: "n", CreatedAt: time.UnixMilli(1500), Hidden: "h"}
	got := jsonValue(reflect.ValueOf(out), field.lower)
	want := map[string]any{"name": "n", "createdAt": 1.5, "tags": map[string]any{}, "list": []any{}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
}
