package wire

import (
	"context"
	"reflect"
	"slices"
)

// Actions are a service's calls by name: the methods of a type that have the
// form func(ctx, *XInput) (*XOutput, error).
type Actions struct {
	methods map[string]reflect.Method
}

// Call is one request's call: an empty input, and how to make the call.
type Call struct {
	In     any
	method reflect.Method
}

// ActionsOf lists the actions of a type, of which example is a value.
func ActionsOf(example any) Actions {
	a := Actions{methods: map[string]reflect.Method{}}
	t := reflect.TypeOf(example)
	for i := range t.NumMethod() {
		if m := t.Method(i); isAction(m.Type) {
			a.methods[m.Name] = m
		}
	}
	return a
}

func isAction(t reflect.Type) bool {
	return t.NumIn() == 3 && t.NumOut() == 2 &&
		t.In(1) == reflect.TypeFor[context.Context]() && pointsAtStruct(t.In(2)) &&
		pointsAtStruct(t.Out(0)) && t.Out(1) == reflect.TypeFor[error]()
}

func pointsAtStruct(t reflect.Type) bool {
	return t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Struct
}

// Names lists the actions in order.
func (a Actions) Names() []string {
	names := make([]string, 0, len(a.methods))
	for name := range a.methods {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// New is a call of an action, if the service has it.
func (a Actions) New(action string) (Call, bool) {
	m, ok := a.methods[action]
	if !ok {
		return Call{}, false
	}
	return Call{In: reflect.New(m.Type.In(2).Elem()).Interface(), method: m}, true
}

// Do makes the call on a value of the type that ActionsOf got.
func (c Call) Do(ctx context.Context, api any) (any, error) {
	out := c.method.Func.Call([]reflect.Value{reflect.ValueOf(api), reflect.ValueOf(ctx), reflect.ValueOf(c.In)})
	if err, ok := out[1].Interface().(error); ok && err != nil {
		return nil, err
	}
	return out[0].Interface(), nil
}

// NewOut is an empty output of the call.
func (c Call) NewOut() any { return reflect.New(c.method.Type.Out(0).Elem()).Interface() }
