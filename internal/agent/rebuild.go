package agent

import (
	"context"
	"fmt"
)

// rebuild streams all that this node holds replicas of from another datacenter.
//
// Cassandra remembers in system.available_ranges_v2 what it has streamed, and
// leaves that out the next time: right after a rebuild that failed, wrong when a
// keyspace's replicas were taken away and given again since, or its data wiped.
// So that memory is kept only for the try that follows a failed one under the
// same schema.
func (a *Agent) rebuild(ctx context.Context, source string) error {
	schema, err := a.schemaVersion(ctx)
	if err != nil {
		return err
	}
	if schema != a.unfinished {
		if err := a.forgetStreamed(ctx); err != nil {
			return err
		}
	}
	a.unfinished = schema // jobs run one after another
	if err := exec(ctx, a.jmx, storageService, "rebuild(java.lang.String)", nil, source); err != nil {
		return err
	}
	a.unfinished = ""
	return nil
}

func (a *Agent) schemaVersion(ctx context.Context) (string, error) {
	rows, err := cql(ctx, a.jmx, "SELECT schema_version FROM system.local", "NODE")
	if err != nil || len(rows) == 0 {
		return "", err
	}
	return rows[0]["schema_version"], nil
}

// forgetStreamed lets the next rebuild stream everything.
func (a *Agent) forgetStreamed(ctx context.Context) error {
	rows, err := cql(ctx, a.jmx, "SELECT keyspace_name FROM system.available_ranges_v2", "NODE")
	if err != nil {
		return err
	}
	for _, row := range rows {
		if _, err := cql(ctx, a.jmx, "DELETE FROM system.available_ranges_v2 WHERE keyspace_name = "+row["keyspace_name"], "NODE"); err != nil {
			return fmt.Errorf("forgetting what was streamed of %s: %w", row["keyspace_name"], err)
		}
	}
	return nil
}
