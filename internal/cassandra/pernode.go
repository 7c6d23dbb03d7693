package cassandra

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// PerNode is what one node's cassandra.yaml has of its own.
type PerNode struct {
	Keys    map[string]any // over all others, but for what identifies the node
	Tokens  []string       // for its first boot
	Ignored []string       // keys that aren't one node's to set
}

// datacenters are keys that all nodes of a datacenter have alike: their number of tokens, with which those are assigned, the
// formats in which they write, and where the agent looks for their data before it starts them.
var datacenters = []string{numTokensKey, compatibilityKey, "data_file_directories", "local_system_data_file_directory"}

const (
	numTokensKey    = "num_tokens"
	initialTokenKey = "initial_token"
)

// ParsePerNode reads keys of cassandra.yaml. A node that gets its tokens has as many as these are.
func ParsePerNode(text string) (PerNode, error) {
	p := PerNode{Keys: map[string]any{}}
	if err := yaml.Unmarshal([]byte(text), &p.Keys); err != nil {
		return p, err
	}
	for key, value := range p.Keys {
		if err := isJSON(value); err != nil {
			return p, fmt.Errorf("%s: %w", key, err)
		}
	}
	tokens, given := p.Keys[initialTokenKey]
	if given {
		var err error
		if p.Tokens, err = parseTokens(fmt.Sprint(tokens)); err != nil {
			return p, fmt.Errorf("%s: %w", initialTokenKey, err)
		}
		if n := p.Keys[numTokensKey]; n != nil && fmt.Sprint(n) != strconv.Itoa(len(p.Tokens)) {
			return p, fmt.Errorf("%s: it is %v, and %s has %d", numTokensKey, n, initialTokenKey, len(p.Tokens))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(p.Keys)) {
		its := key == initialTokenKey || key == numTokensKey && given
		if !its && (slices.Contains(identifying, key) || slices.Contains(datacenters, key)) {
			p.Ignored = append(p.Ignored, key)
		}
		if its || slices.Contains(p.Ignored, key) {
			delete(p.Keys, key)
		}
	}
	if given {
		p.Keys[numTokensKey] = len(p.Tokens)
	}
	return p, nil
}

func parseTokens(text string) (tokens []string, err error) {
	for t := range strings.SplitSeq(text, ",") {
		n, err := strconv.ParseInt(strings.TrimSpace(t), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is no token", strings.TrimSpace(t))
		}
		if token := strconv.FormatInt(n, 10); slices.Contains(tokens, token) {
			return nil, fmt.Errorf("%s is there twice", token)
		}
		tokens = append(tokens, strconv.FormatInt(n, 10))
	}
	return tokens, nil
}

// Text is what the agent is told: a JSON object, or nothing.
func (p PerNode) Text() string {
	if len(p.Keys) == 0 {
		return ""
	}
	data, _ := json.Marshal(p.Keys) // isJSON has seen it
	return string(data)
}

// WithPerNode is an input with keys that are one node's alone, as Text has them.
func (in Input) WithPerNode(text string) (Input, error) {
	in.PerNode = map[string]any{}
	if text == "" {
		return in, nil
	}
	return in, merge(in.PerNode, []byte(text))
}

// isJSON refuses what YAML has and JSON hasn't: it goes to the agent as JSON.
func isJSON(value any) error {
	switch v := value.(type) {
	case map[any]any:
		return errors.New("the keys of a map must be texts")
	case map[string]any:
		for key, one := range v {
			if err := isJSON(one); err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
		}
	case []any:
		for _, one := range v {
			if err := isJSON(one); err != nil {
				return err
			}
		}
	case float64:
		if v != v || v-v != 0 {
			return errors.New("is no number")
		}
	}
	return nil
}
