package agent

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// repairOptions are the management API's; without full it repairs all too.
type repairOptions struct {
	Keyspace string   `json:"keyspace_name"`
	Tables   []string `json:"tables"`
	Full     *bool    `json:"full"`
}

// repair asks for the repair of all ranges that the node holds replicas of, with
// all their replicas. The answer is Cassandra's number for it, 0 when no range has
// a second replica.
func (a *Agent) repair(ctx context.Context, o repairOptions) (command int, err error) {
	options := map[string]string{"incremental": strconv.FormatBool(o.Full != nil && !*o.Full), "parallelism": "parallel"}
	if len(o.Tables) > 0 {
		options["columnFamilies"] = strings.Join(o.Tables, ",")
	}
	if err := exec(ctx, a.jmx, storageService, "repairAsync(java.lang.String,java.util.Map)", &command, o.Keyspace, options); err != nil {
		return 0, fmt.Errorf("repair of %s: %w", o.Keyspace, err)
	}
	return command, nil
}

// How a repair is followed, and for how long Cassandra may not know of one that
// it took: it queues them.
const (
	repairPause    = 300 * time.Millisecond
	repairPatience = 10 * time.Minute
)

// followRepair waits for the end of a repair. Cassandra's notifications say
// "complete" after a failure too; the status that it keeps says what came of it.
// A repair ends with the run of the JVM that it was asked of: the next one counts
// its repairs from the beginning, so that the number is another one's there.
func (a *Agent) followRepair(ctx context.Context, run *jvm, keyspace string, command int) error {
	if command == 0 {
		return nil
	}
	for unknown := time.Now(); ; time.Sleep(repairPause) {
		status, err := a.repairStatus(ctx, command)
		switch {
		case run == nil || !run.alive() || a.currentRun() != run: // asked after the status: that may be the next run's
			return fmt.Errorf("repair of %s: Cassandra ended before its repair did", keyspace)
		case err != nil || len(status) == 0:
			if time.Since(unknown) > repairPatience {
				return errors.Join(fmt.Errorf("repair of %s: Cassandra doesn't tell what became of it", keyspace), err)
			}
			continue
		case status[0] == "COMPLETED":
			return nil
		case status[0] == "FAILED":
			return fmt.Errorf("repair of %s: %s", keyspace, strings.Join(status[1:], "; "))
		}
		unknown = time.Now()
	}
}

// repairStatus is IN_PROGRESS, COMPLETED or FAILED with messages; empty when
// Cassandra knows no such repair.
func (a *Agent) repairStatus(ctx context.Context, command int) (status []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, jmxTimeout)
	defer cancel()
	return status, exec(ctx, a.jmx, storageService, "getParentRepairStatus(int)", &status, command)
}
