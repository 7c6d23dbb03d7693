package agent

import (
	"context"
	"fmt"
)

// cleanup goes over one keyspace, or over all that are replicated.
func (a *Agent) cleanup(ctx context.Context, keyspace string, tables []string, parallel int) error {
	keyspaces := []string{keyspace}
	if keyspace == "" || keyspace == "ALL" || keyspace == "NON_LOCAL_STRATEGY" {
		if err := read(ctx, a.jmx, storageService, "NonLocalStrategyKeyspaces", &keyspaces); err != nil {
			return err
		}
	}
	if tables == nil {
		tables = []string{}
	}
	for _, k := range keyspaces {
		var code int
		if err := exec(ctx, a.jmx, storageService, "forceKeyspaceCleanup(int,java.lang.String,[Ljava.lang.String;)", &code, parallel, k, tables); err != nil {
			return fmt.Errorf("cleanup of %s: %w", k, err)
		}
		if code != 0 {
			return fmt.Errorf("cleanup of %s ended with status %d", k, code)
		}
	}
	return nil
}
