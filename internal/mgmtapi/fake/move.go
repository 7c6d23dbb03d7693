package fake

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// MoveToken implements mgmtapi.Node.
func (n *Node) MoveToken(ctx context.Context, token string) (string, error) {
	if n.isOld() {
		return "", unknownCall("move")
	}
	_, leave, err := n.enter(ctx, "move")
	if err != nil {
		return "", err
	}
	why := n.mayNotMove(token)
	leave()
	if why != "" {
		return "", fmt.Errorf("move: %w: newToken: %s", mgmtapi.ErrRefused, why)
	}
	return n.submit(ctx, "move", token, func(*cluster) error {
		if why := n.mayNotMove(token); why != "" {
			return fmt.Errorf("newToken: %s", why)
		}
		n.tokens = []string{token}
		return nil
	})
}

// mayNotMove is what the agent refuses a move with.
func (n *Node) mayNotMove(token string) string {
	if _, err := strconv.ParseInt(token, 10, 64); err != nil {
		return fmt.Sprintf("%q is no token", token)
	}
	if len(n.tokens) > 1 {
		return fmt.Sprintf("this node has %d tokens", len(n.tokens))
	}
	for _, other := range n.ring.members(n.group) {
		if other != n && slices.Contains(other.tokens, token) {
			return fmt.Sprintf("%s is the token of node %s", token, other.address)
		}
	}
	return ""
}
