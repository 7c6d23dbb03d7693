package wire

import (
	"net/http"
	"net/url"
	"reflect"
)

const xmlHeader = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"

// Query is the protocol of IAM and STS: a form as request, XML as answer.
type Query struct {
	Namespace string // of the answers' XML
}

// Action reads the form's Action.
func (Query) Action(r *Request) (string, error) { return formAction(r) }

// Decode reads the form; lists are Name.member.N.
func (Query) Decode(r *Request, in any) error {
	return decodeForm(r, in, queryDecoder{name: field.same, member: true})
}

// Encode writes <ActionResponse><ActionResult>.
func (p Query) Encode(w http.ResponseWriter, r *Request, action string, out any) {
	e := &xmlEncoder{name: field.same, item: "member"}
	e.to.WriteString(xmlHeader + "<" + action + `Response xmlns="` + p.Namespace + `">`)
	e.element(action+"Result", reflect.ValueOf(out).Elem(), false)
	e.open("ResponseMetadata")
	e.text("RequestId", r.ID)
	e.close("ResponseMetadata")
	e.close(action + "Response")
	send(w, "text/xml", http.StatusOK, e.to.Bytes())
}

// EncodeError writes <ErrorResponse><Error>.
func (p Query) EncodeError(w http.ResponseWriter, r *Request, err *Error) {
	e := &xmlEncoder{}
	e.to.WriteString(xmlHeader + `<ErrorResponse xmlns="` + p.Namespace + `"><Error>`)
	e.text("Type", map[bool]string{true: "Receiver", false: "Sender"}[err.Status >= http.StatusInternalServerError])
	e.text("Code", err.Code)
	e.text("Message", err.Message)
	e.close("Error")
	e.text("RequestId", r.ID)
	e.close("ErrorResponse")
	send(w, "text/xml", err.Status, e.to.Bytes())
}

// Unknown is InvalidAction.
func (Query) Unknown(action string) *Error {
	return Errorf("InvalidAction", "Could not find operation %s for this version of the API", action)
}

// form is the request's parameters: the body's when there is one, else those
// of the address.
func form(r *Request) (url.Values, error) {
	if len(r.Body) == 0 {
		return r.HTTP.URL.Query(), nil
	}
	values, err := url.ParseQuery(string(r.Body))
	if err != nil {
		return nil, Errorf("MalformedQueryString", "the request's body is not a form: %v", err)
	}
	return values, nil
}

func formAction(r *Request) (string, error) {
	values, err := form(r)
	if err != nil {
		return "", err
	}
	action := values.Get("Action")
	if action == "" {
		return "", Errorf("MissingAction", "The request is missing an action")
	}
	return action, nil
}

// unsent are parameters of the protocol and of presigned addresses.
var unsent = []string{
	"Action", "Version", "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires",
	"X-Amz-SignedHeaders", "X-Amz-Signature", "X-Amz-Security-Token", "X-Amz-User-Agent",
}

func decodeForm(r *Request, in any, d queryDecoder) error {
	values, err := form(r)
	if err != nil {
		return err
	}
	for _, name := range unsent {
		values.Del(name)
	}
	tree, err := parseQuery(values)
	if err != nil {
		return err
	}
	return d.decode(tree, reflect.ValueOf(in).Elem(), "")
}
