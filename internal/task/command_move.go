package task

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	cass "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// move gives nodes other tokens, one after another in whichever rack they are: Cassandra streams their new ranges to them, and those
// that become others' to these. It is for nodes with one token each; others refuse.
func move() command {
	return command{
		name:      api.CommandMove,
		about:     "give nodes with one token each another one",
		arguments: []string{"new_tokens"},
		refuse:    wrongMoves,
		lacks:     singleTokens,
		only: func(args api.JobArguments) []string {
			return slices.Sorted(maps.Keys(args.NewTokens))
		},
		oneByOne:  true,
		wholeRing: true,
		proceed:   (*Plan).onEachNode,
		needs:     serving,
		call: func(ctx context.Context, node mgmtapi.Node, args api.JobArguments) (string, error) {
			return node.MoveToken(ctx, args.NewTokens[args.PodName])
		},
	}
}

// wrongMoves says what can't be of the tokens that a task names.
func wrongMoves(args api.JobArguments) string {
	switch {
	case args.RackName != "":
		return "rack: move goes by new_tokens, which names the pods"
	case args.PodName != "":
		return "pod_name: move goes by new_tokens, which names the pods"
	case len(args.NewTokens) == 0:
		return "new_tokens: move needs to know which pod gets which token"
	}
	pods := map[string]string{}
	for _, pod := range slices.Sorted(maps.Keys(args.NewTokens)) {
		token := args.NewTokens[pod]
		if _, err := strconv.ParseInt(token, 10, 64); err != nil {
			return fmt.Sprintf("new_tokens: %q of pod %s is no token: a whole number from -2^63 to 2^63-1", token, pod)
		}
		if other, taken := pods[token]; taken {
			return fmt.Sprintf("new_tokens: %s and %s are to have the same token", other, pod)
		}
		pods[token] = pod
	}
	return ""
}

// singleTokens says that a datacenter's nodes have several tokens.
func singleTokens(dc *cass.CassandraDatacenter) string {
	var config struct {
		YAML struct {
			Tokens json.Number `json:"num_tokens"`
		} `json:"cassandra-yaml"`
	}
	_ = json.Unmarshal(dc.Spec.Config, &config) // a configuration that can't be read asks for the default
	if config.YAML.Tokens == "1" {
		return ""
	}
	return fmt.Sprintf("has nodes with several tokens (spec.config.cassandra-yaml.num_tokens: %s), and Cassandra moves only nodes with one", or(config.YAML.Tokens.String(), "16, the default"))
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
