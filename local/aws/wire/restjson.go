package wire

import (
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"strings"
)

// RESTJSON is the protocol of Amazon EKS: method and path name the action.
type RESTJSON struct {
	Routes []Route
}

// Route leads to an action. Path has {names}, each one segment.
type Route struct {
	Method, Path, Action string
}

// Action finds the route.
func (p RESTJSON) Action(r *Request) (string, error) {
	if route, _ := p.match(r); route != nil {
		return route.Action, nil
	}
	return "", p.Unknown(r.HTTP.Method + " " + r.HTTP.URL.Path)
}

func (p RESTJSON) match(r *Request) (*Route, map[string]string) {
	for i := range p.Routes {
		if names, ok := p.Routes[i].match(r.HTTP.Method, r.HTTP.URL.EscapedPath()); ok {
			return &p.Routes[i], names
		}
	}
	return nil, nil
}

func (t Route) match(method, path string) (map[string]string, bool) {
	want, got := strings.Split(t.Path, "/"), strings.Split(path, "/")
	if method != t.Method || len(want) != len(got) {
		return nil, false
	}
	names := map[string]string{}
	for i, w := range want {
		value, err := url.PathUnescape(got[i])
		if err != nil {
			return nil, false
		}
		if name, ok := strings.CutPrefix(w, "{"); ok && value != "" {
			names[strings.TrimSuffix(name, "}")] = value
		} else if w != got[i] {
			return nil, false
		}
	}
	return names, true
}

// Decode reads body, path and query string, each into its members.
func (p RESTJSON) Decode(r *Request, in any) error {
	if err := decodeJSON(r.Body, in, "InvalidParameterException"); err != nil {
		return err
	}
	v := reflect.ValueOf(in).Elem()
	_, names := p.match(r)
	query := r.HTTP.URL.Query()
	for _, f := range fieldsOf(v.Type()) {
		if err := decodePlaced(f, v.FieldByIndex(f.index), names, query); err != nil {
			return err
		}
	}
	for name := range query {
		if !strings.HasPrefix(name, "X-Amz-") {
			return Errorf("InvalidParameterException", "%q is not a parameter that this cloud acts on", name)
		}
	}
	return nil
}

// decodePlaced fills a member of the path or query string, and takes the
// latter out of it.
func decodePlaced(f field, v reflect.Value, names map[string]string, query url.Values) error {
	switch f.place {
	case "uri":
		v.SetString(names[f.lower()])
	case "query":
		values := query[f.lower()]
		query.Del(f.lower())
		if v.Kind() == reflect.Slice {
			v.Set(reflect.ValueOf(values))
		} else if len(values) > 0 {
			if err := (queryDecoder{}).decode(&node{value: values[0], set: true}, v, f.lower()); err != nil {
				return Errorf("InvalidParameterException", "%s", AsError(err).Message)
			}
		}
	}
	return nil
}

// Encode writes the output.
func (RESTJSON) Encode(w http.ResponseWriter, r *Request, _ string, out any) {
	body, _ := json.Marshal(jsonValue(reflect.ValueOf(out).Elem(), field.lower)) // plain values
	w.Header().Set("X-Amzn-Requestid", r.ID)
	send(w, "application/json", http.StatusOK, body)
}

// EncodeError writes the message; the code is in the header X-Amzn-ErrorType.
func (RESTJSON) EncodeError(w http.ResponseWriter, r *Request, err *Error) {
	w.Header().Set("X-Amzn-Requestid", r.ID)
	w.Header().Set("X-Amzn-ErrorType", err.Code)
	send(w, "application/json", err.Status, errorJSON(err, ""))
}

// Unknown is UnknownOperationException.
func (RESTJSON) Unknown(action string) *Error {
	e := Errorf("UnknownOperationException", "there is no operation %s", action)
	e.Status = http.StatusNotFound
	return e
}
