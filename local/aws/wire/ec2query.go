package wire

import (
	"net/http"
	"reflect"
)

// EC2Query is the protocol of Amazon EC2: a form as request, XML as answer.
type EC2Query struct {
	Namespace string // of the answers' XML
}

// Action reads the form's Action.
func (EC2Query) Action(r *Request) (string, error) { return formAction(r) }

// Decode reads the form. Names start with a capital letter, lists are Name.N.
func (EC2Query) Decode(r *Request, in any) error {
	return decodeForm(r, in, queryDecoder{name: field.upper})
}

// Encode writes <ActionResponse> with the output's members in it.
func (p EC2Query) Encode(w http.ResponseWriter, r *Request, action string, out any) {
	e := &xmlEncoder{name: field.lower, item: "item"}
	e.to.WriteString(xmlHeader + "<" + action + `Response xmlns="` + p.Namespace + `">`)
	e.text("requestId", r.ID)
	e.structBody(reflect.ValueOf(out).Elem())
	e.close(action + "Response")
	send(w, "text/xml;charset=UTF-8", http.StatusOK, e.to.Bytes())
}

// EncodeError writes <Response><Errors><Error>.
func (EC2Query) EncodeError(w http.ResponseWriter, r *Request, err *Error) {
	e := &xmlEncoder{}
	e.to.WriteString(xmlHeader + "<Response><Errors><Error>")
	e.text("Code", err.Code)
	e.text("Message", err.Message)
	e.to.WriteString("</Error></Errors>")
	e.text("RequestID", r.ID)
	e.to.WriteString("</Response>")
	send(w, "text/xml;charset=UTF-8", err.Status, e.to.Bytes())
}

// Unknown is InvalidAction.
func (EC2Query) Unknown(action string) *Error {
	return Errorf("InvalidAction", "The action %s is not valid for this web service.", action)
}
