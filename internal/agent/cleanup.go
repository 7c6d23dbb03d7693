package agent

import (
	"context"
	"fmt"
)

// cleanup goes over one keyspace, or over all that are replicated.
func (a *Agent) cleanup(ctx context.Context, keyspace string, tables []string, parallel int) error {
	keyspaces := []string{keyspace}
	if everyKeyspace(keyspace) || keyspace == nonLocal {
		if err := read(ctx, a.jmx, storageService, "NonLocalStrategyKeyspaces", &keyspaces); err != nil {
			return err
		}
	}
	for _, k := range keyspaces {
		if err := a.counted(ctx, "forceKeyspaceCleanup(int,java.lang.String,[Ljava.lang.String;)", parallel, k, list(tables)); err != nil {
			return fmt.Errorf("cleanup of %s: %w", k, err)
		}
	}
	return nil
}
