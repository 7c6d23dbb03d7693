package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
)

// moveKind is the type of the job.
const moveKind = "move"

// mayMove says why the node can't have a token, before anything begins. owned tells whether it has it already.
func (a *Agent) mayMove(ctx context.Context, token string) (owned bool, err error) {
	if _, err := strconv.ParseInt(token, 10, 64); err != nil {
		return false, refusedMove{fmt.Errorf("newToken: %q is no token: a whole number from -2^63 to 2^63-1", token)}
	}
	owners := map[string]string{}
	if err := read(ctx, a.jmx, storageService, "TokenToEndpointMap", &owners); err != nil {
		return false, err
	}
	own := 0
	for _, address := range owners {
		if address == a.config.Address {
			own++
		}
	}
	owner, taken := owners[token]
	switch {
	case own > 1:
		return false, refusedMove{fmt.Errorf("newToken: this node has %d tokens (num_tokens), and Cassandra moves only nodes with one", own)}
	case taken && owner != a.config.Address:
		return false, refusedMove{fmt.Errorf("newToken: %s is the token of node %s", token, owner)}
	}
	return taken, nil
}

// refusedMove is what the caller has to change.
type refusedMove struct{ error }

// move gives the node another token: it streams to others what is theirs then, and gets what is its own. One that has the token has
// nothing to do, so that a move which is asked for twice is done once.
func (a *Agent) move(ctx context.Context, token string) (id string, err error) {
	return a.jobs.submit(ctx, moveKind, func(ctx context.Context) error {
		if owned, err := a.mayMove(ctx, token); owned || err != nil {
			return err
		}
		if err := exec(ctx, a.jmx, storageService, "move(java.lang.String)", nil, token); err != nil {
			return fmt.Errorf("move: %w", err)
		}
		return nil
	})
}

func (a *Agent) handleMove(ctx context.Context, q *call) (int, any, error) {
	token := q.FormValue("newToken")
	q.note(slog.String("token", token))
	_, err := a.mayMove(ctx, token)
	var refused refusedMove
	switch {
	case errors.As(err, &refused):
		return 400, nil, err
	case err != nil:
		return 0, nil, err
	}
	return q.submitted(a.move(ctx, token))
}
