package mgmtapi

import (
	"fmt"
	"net/http"
	"strconv"
)

// EpochHeader of a call says on whose behalf it is made: the epoch of the operator's
// lease, a number that grows with every operator that takes it. An agent that has heard
// of a higher one refuses to change anything, with its own in the answer's header.
const EpochHeader = "Ringspan-Epoch"

// EpochLimit is above every epoch: milliseconds of a clock never come there. A number
// that does would lock every operator out, because none could rise above it.
const EpochLimit = 1 << 62

// EpochOverride in its place is a person who knows what he does.
const EpochOverride = "override"

// Epochs are an operator's claim to be the one that acts.
type Epochs interface {
	// Epoch of the lease that is held; an error when it isn't held for sure any more.
	Epoch() (int64, error)
	// Outrun is told of an agent that has heard of a higher one.
	Outrun(seen int64)
}

// WithEpoch is the same client, which says the epoch with every call.
func (c *Client) WithEpoch(e Epochs) *Client {
	fenced := *c
	fenced.epochs = e
	return &fenced
}

// claim puts the epoch on a call. Reads are made by anybody.
func (c *Client) claim(q *http.Request) error {
	if c.epochs == nil {
		return nil
	}
	epoch, err := c.epochs.Epoch()
	if err == nil {
		q.Header.Set(EpochHeader, strconv.FormatInt(epoch, 10))
	} else if q.Method != http.MethodGet {
		return err
	}
	return nil
}

// outrun is an error when an agent has refused a call for its epoch.
func (c *Client) outrun(answer *http.Response) error {
	text := answer.Header.Get(EpochHeader)
	if c.epochs == nil || answer.StatusCode != http.StatusConflict || text == "" {
		return nil
	}
	seen, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return fmt.Errorf("the agent refuses this operator, and names no epoch: %q", text)
	}
	c.epochs.Outrun(seen)
	return fmt.Errorf("an operator with a later lease looks after this node (epoch %d)", seen)
}
