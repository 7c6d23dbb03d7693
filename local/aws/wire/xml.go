package wire

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"reflect"
	"strconv"
	"time"
)

// xmlEncoder writes structs as AWS's XML. Empty strings and nil pointers are
// left out; lists are written even when empty, unless tagged omitempty.
type xmlEncoder struct {
	to   bytes.Buffer
	name func(field) string
	item string // element of a list: "item" or "member"
}

func (e *xmlEncoder) open(name string)  { e.to.WriteString("<" + name + ">") }
func (e *xmlEncoder) close(name string) { e.to.WriteString("</" + name + ">") }

func (e *xmlEncoder) text(name, value string) {
	e.open(name)
	_ = xml.EscapeText(&e.to, []byte(value)) // a buffer takes everything
	e.close(name)
}

func (e *xmlEncoder) structBody(v reflect.Value) {
	for _, f := range fieldsOf(v.Type()) {
		e.element(e.name(f), v.FieldByIndex(f.index), f.omitEmpty)
	}
}

func (e *xmlEncoder) element(name string, v reflect.Value, omitEmpty bool) {
	if t, ok := v.Interface().(time.Time); ok {
		if !t.IsZero() {
			e.text(name, t.UTC().Format("2006-01-02T15:04:05.000Z"))
		}
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			e.present(name, v.Elem())
		}
	case reflect.Struct:
		e.open(name)
		e.structBody(v)
		e.close(name)
	case reflect.Slice:
		e.slice(name, v, omitEmpty)
	default:
		if s := scalar(v); s != "" && !(omitEmpty && v.IsZero()) {
			e.text(name, s)
		}
	}
}

// present writes what a pointer points at, an empty string too.
func (e *xmlEncoder) present(name string, v reflect.Value) {
	if v.Kind() == reflect.String {
		e.text(name, v.String())
		return
	}
	e.element(name, v, false)
}

func (e *xmlEncoder) slice(name string, v reflect.Value, omitEmpty bool) {
	if v.Len() == 0 && omitEmpty {
		return
	}
	if v.Type().Elem().Kind() == reflect.Uint8 {
		e.text(name, base64.StdEncoding.EncodeToString(v.Bytes()))
		return
	}
	e.open(name)
	for i := range v.Len() {
		e.present(e.item, v.Index(i))
	}
	e.close(name)
}

func scalar(v reflect.Value) string {
	switch v.Kind() {
	case reflect.String:
		return v.String()
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	case reflect.Int, reflect.Int32, reflect.Int64:
		return strconv.FormatInt(v.Int(), 10)
	case reflect.Float64:
		return strconv.FormatFloat(v.Float(), 'f', -1, 64)
	default:
		panic(fmt.Sprintf("wire: no XML form for %s", v.Type()))
	}
}
