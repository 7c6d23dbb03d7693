package agent

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// epochs is what the agent knows of the operators that call it: the highest epoch of
// their lease. What an operator asks whose lease another one has taken since may rest on
// what is so no longer, and is refused, if it changes something.
//
// The number is kept in a file of the pod's, beside the configuration, and not beside the
// data: it outlives the agent, so that an operator of the past starts no node whose agent
// has just come back. Another pod has another address, which such an operator doesn't
// know; and a volume may come from another cluster, whose epochs are none of this one's.
//
// Whoever says no epoch (a person with curl, a client of the stock API, a former version
// of the operator) is served as long as this process has heard of none. Then there is an
// operator that holds a lease, and a former one may be cut off beside it. Only memory
// decides that, so that a former version that has taken this one's place by intent gets
// on with nodes that start anew. A person says "override".
type epochs struct {
	file string
	log  *slog.Logger

	mu      sync.Mutex
	highest int64
	heard   bool // by this process
}

const epochFile = "ringspan-epoch"

func newEpochs(dir string, log *slog.Logger) *epochs {
	e := &epochs{log: log}
	if dir != "" {
		e.file = filepath.Join(dir, epochFile)
	}
	if data, err := os.ReadFile(e.file); err == nil {
		e.highest, _ = strconv.ParseInt(strings.TrimSpace(string(data)), 10, 64) // what isn't a number is none
	}
	return e
}

// admit notes the epoch of a call, and says whether the call may be served.
func (e *epochs) admit(method, said string) (code int, err error) {
	reads := !changes(method)
	epoch, err := strconv.ParseInt(said, 10, 64)
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case said == mgmtapi.EpochOverride, said == "" && (reads || !e.heard):
		return 0, nil
	case said == "":
		return http.StatusConflict, fmt.Errorf("an operator that holds a lease (epoch %d) looks after this node, and this call says none. A person who means it adds the header %s: %s", e.highest, mgmtapi.EpochHeader, mgmtapi.EpochOverride)
	case err != nil || epoch < 1 || epoch >= mgmtapi.EpochLimit:
		return http.StatusBadRequest, fmt.Errorf("%s: %q is no epoch", mgmtapi.EpochHeader, said)
	case epoch < e.highest && !reads:
		return http.StatusConflict, fmt.Errorf("an operator with a later lease looks after this node: epoch %d is over, it is %d", epoch, e.highest)
	}
	e.heard = e.heard || epoch >= e.highest
	if epoch > e.highest {
		e.highest = epoch
		e.keep()
	}
	return 0, nil
}

// keep writes the number down. A disk that can't be written keeps no operator from
// acting: memory has it.
func (e *epochs) keep() {
	if e.file == "" {
		return
	}
	err := os.WriteFile(e.file+".part", []byte(strconv.FormatInt(e.highest, 10)), 0o644)
	if err == nil {
		err = os.Rename(e.file+".part", e.file)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		e.log.Warn("the operator's epoch can't be kept", "error", err)
	}
}

func (e *epochs) last() int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.highest
}
