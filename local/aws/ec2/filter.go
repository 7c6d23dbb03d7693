package ec2

import (
	"slices"
	"strconv"
	"strings"

	"github.com/ringspan/ringspan/local/aws/wire"
)

// passes says whether a resource passes every filter; a filter passes when one
// of its values fits.
func passes[T any](a *API, k *kind[T], v *T, filters []Filter) (bool, error) {
	for _, f := range filters {
		have, err := k.values(a, v, f.Name)
		if err != nil {
			return false, err
		}
		if !slices.ContainsFunc(have, func(h string) bool {
			return slices.ContainsFunc(f.Values, func(pattern string) bool { return glob(pattern, h) })
		}) {
			return false, nil
		}
	}
	return true, nil
}

// checkFilters finds wrong filters where there is no resource to try them on.
func checkFilters[T any](k *kind[T], filters []Filter) error {
	for _, f := range filters {
		if _, ok := k.filters[f.Name]; !ok && !k.tagFilter(f.Name) {
			return k.unknownFilter(f.Name)
		}
	}
	return nil
}

func (k *kind[T]) tagFilter(name string) bool {
	return k.tags != nil && (name == "tag-key" || strings.HasPrefix(name, "tag:"))
}

func (k *kind[T]) unknownFilter(name string) error {
	return wire.Errorf("InvalidParameterValue", "The filter '%s' is invalid", name)
}

func (k *kind[T]) values(a *API, v *T, name string) ([]string, error) {
	if f, ok := k.filters[name]; ok {
		return f(a, v), nil
	}
	if !k.tagFilter(name) {
		return nil, k.unknownFilter(name)
	}
	var out []string
	key, byKey := strings.CutPrefix(name, "tag:")
	for _, t := range *k.tags(v) {
		switch {
		case !byKey:
			out = append(out, t.Key)
		case t.Key == key:
			out = append(out, t.Value)
		}
	}
	return out, nil
}

// glob matches a filter's value: * is any text, ? any one character, a
// backslash takes the next character as it is.
func glob(pattern, s string) bool {
	for pattern != "" {
		switch pattern[0] {
		case '*':
			for i := range len(s) + 1 {
				if glob(pattern[1:], s[i:]) {
					return true
				}
			}
			return false
		case '?':
			if s == "" {
				return false
			}
		default:
			if pattern[0] == '\\' && len(pattern) > 1 {
				pattern = pattern[1:]
			}
			if s == "" || s[0] != pattern[0] {
				return false
			}
		}
		pattern, s = pattern[1:], s[1:]
	}
	return s == ""
}

// of makes a filter of one value.
func of[T any](f func(*T) string) func(*API, *T) []string {
	return func(_ *API, v *T) []string { return []string{f(v)} }
}

// many makes a filter of several values.
func many[T any](f func(*T) []string) func(*API, *T) []string {
	return func(_ *API, v *T) []string { return f(v) }
}

func flag(b bool) string { return strconv.FormatBool(b) }

// each maps a list.
func each[T any](list []T, f func(T) string) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = f(v)
	}
	return out
}
