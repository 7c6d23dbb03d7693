package ec2

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"github.com/ringspan/ringspan/local/aws/wire"
	"github.com/ringspan/ringspan/local/aws/world"
)

// kind is one kind of resource: how it is called, kept and searched.
type kind[T any] struct {
	noun    string // in messages: "vpc ID"
	code    string // of errors, without .NotFound
	prefix  string // of ids
	table   func(*Region) *world.Table[T]
	id      func(*T) string
	tags    func(*T) *[]Tag
	filters map[string]func(*API, *T) []string
}

// find is a resource by id, or the error that AWS answers.
func find[T any](a *API, k *kind[T], id string) (*T, error) {
	if id == "" {
		return nil, missing(strings.ReplaceAll(k.noun, " ", ""))
	}
	if !strings.HasPrefix(id, k.prefix+"-") {
		return nil, wire.Errorf(k.code+".Malformed", "Invalid id: %q (expecting \"%s-...\")", id, k.prefix)
	}
	v := k.table(a.region).Get(id)
	if v == nil || !a.world.Lag.Visible(a.region.Name+"/"+id) {
		return nil, k.notFound(id)
	}
	return v, nil
}

func (k *kind[T]) notFound(id string) *wire.Error {
	code := k.code
	if !strings.HasSuffix(code, "NotFound") {
		code += ".NotFound"
	}
	return wire.Errorf(code, "The %s '%s' does not exist", k.noun, id)
}

// put keeps a new resource and starts its lag.
func put[T any](a *API, k *kind[T], v *T) {
	k.table(a.region).Put(k.id(v), v)
	a.world.Lag.Made(a.region.Name + "/" + k.id(v))
}

// Page is what calls that list take.
type Page struct {
	MaxResults int
	NextToken  string
}

// Filter narrows a list. Values may hold * and ?.
type Filter struct {
	Name   string
	Values []string `wire:"Value"`
}

// list answers a Describe call: the resources named, or all, that pass the
// filters, one page of them.
func list[T any](a *API, k *kind[T], ids []string, filters []Filter, page Page) ([]*T, string, error) {
	for _, id := range ids {
		if _, err := find(a, k, id); err != nil {
			return nil, "", err
		}
	}
	after, err := page.after()
	if err != nil {
		return nil, "", err
	}
	found := []*T{}
	for _, row := range k.table(a.region).After(after) {
		id := k.id(row.Value)
		if len(ids) > 0 && !slices.Contains(ids, id) || len(ids) == 0 && !a.world.Lag.Visible(a.region.Name+"/"+id) {
			continue
		}
		ok, err := passes(a, k, row.Value, filters)
		if err != nil {
			return nil, "", err
		}
		if !ok {
			continue
		}
		if page.MaxResults > 0 && len(found) == page.MaxResults {
			return found, pageToken(after), nil
		}
		found, after = append(found, row.Value), row.Number
	}
	return found, "", checkFilters(k, filters)
}

func (p Page) after() (int, error) {
	if p.MaxResults < 0 || p.MaxResults > 1000 {
		return 0, invalid("maxResults", strconv.Itoa(p.MaxResults))
	}
	if p.NextToken == "" {
		return 0, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(p.NextToken)
	number, found := strings.CutPrefix(string(b), "after ")
	n, bad := strconv.Atoi(number)
	if err != nil || bad != nil || !found {
		return 0, wire.Errorf("InvalidNextToken", "The token is not one that this call gave")
	}
	return n, nil
}

func pageToken(after int) string {
	return base64.RawURLEncoding.EncodeToString([]byte("after " + strconv.Itoa(after)))
}
