package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"time"
)

// decodeJSON fills in strictly: an unknown member is an error of the code.
func decodeJSON(body []byte, in any, code string) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(in); err != nil {
		if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
			return Errorf(code, "%s is not a member that this cloud acts on", name)
		}
		return Errorf("SerializationException", "the body is not the JSON that this call takes: %v", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Errorf("SerializationException", "there is something after the body's JSON")
	}
	return nil
}

// jsonValue is v as encoding/json writes it, with the wire's names; time is
// seconds since 1970. Empty strings and nil pointers are left out.
func jsonValue(v reflect.Value, name func(field) string) any {
	if t, ok := v.Interface().(time.Time); ok {
		return float64(t.UnixMilli()) / 1000
	}
	switch v.Kind() {
	case reflect.Pointer:
		return jsonValue(v.Elem(), name)
	case reflect.Struct:
		out := map[string]any{}
		for _, f := range fieldsOf(v.Type()) {
			if m := v.FieldByIndex(f.index); !absent(m, f.omitEmpty) {
				out[name(f)] = jsonValue(m, name)
			}
		}
		return out
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return v.Bytes()
		}
		out := make([]any, v.Len())
		for i := range out {
			out[i] = jsonValue(v.Index(i), name)
		}
		return out
	case reflect.Map:
		out := map[string]any{}
		for k, m := range v.Seq2() {
			out[k.String()] = jsonValue(m, name)
		}
		return out
	default:
		return v.Interface()
	}
}

func absent(v reflect.Value, omitEmpty bool) bool {
	if t, ok := v.Interface().(time.Time); ok {
		return t.IsZero()
	}
	switch v.Kind() {
	case reflect.Pointer:
		return v.IsNil()
	case reflect.String:
		return v.Len() == 0
	case reflect.Slice, reflect.Map:
		return omitEmpty && v.Len() == 0
	default:
		return omitEmpty && v.IsZero()
	}
}
