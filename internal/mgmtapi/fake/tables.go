package fake

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// CreateTable adds a table to a keyspace of the node's ring.
func (n *Node) CreateTable(keyspace, table string) {
	n.change(func() {
		k := n.ring.rings[n.group].keyspaces[keyspace]
		k.tables = append(k.tables, table)
	})
}

// FailJobs lets jobs on sstables end with the words; empty words let them succeed again.
func (n *Node) FailJobs(words string) { n.change(func() { n.failingJobs = words }) }

// EncryptInternode is a configuration with TLS between nodes, or without.
func (n *Node) EncryptInternode(yes bool) { n.change(func() { n.encrypted = yes }) }

// Tables implements mgmtapi.Node.
func (n *Node) Tables(ctx context.Context, keyspace string) ([]string, error) {
	c, leave, err := n.enter(ctx, "tables")
	if err != nil {
		return nil, err
	}
	defer leave()
	if k := c.keyspaces[keyspace]; k != nil {
		return slices.Clone(k.tables), nil
	}
	return []string{}, nil
}

// Compact implements mgmtapi.Node.
func (n *Node) Compact(ctx context.Context, o mgmtapi.CompactOptions) (string, error) {
	for name, token := range map[string]string{"start_token": o.StartToken, "end_token": o.EndToken} {
		if _, number := new(big.Int).SetString(token, 10); o.StartToken+o.EndToken != "" && !number {
			return "", fmt.Errorf("compact: %w: %s: %q is not a number", mgmtapi.ErrRefused, name, token)
		}
	}
	detail := o.Keyspace
	if o.StartToken != "" {
		detail += fmt.Sprintf(" (%s,%s]", o.StartToken, o.EndToken)
	}
	if o.SplitOutput {
		detail += " split"
	}
	return n.tableJob(ctx, "compact", detail, o.Keyspace, o.Tables)
}

// Scrub implements mgmtapi.Node.
func (n *Node) Scrub(ctx context.Context, o mgmtapi.ScrubOptions) (string, error) {
	words := []string{o.Keyspace}
	if o.DisableSnapshot {
		words = append(words, "no-snapshot")
	}
	if o.SkipCorrupted {
		words = append(words, "skip-corrupted")
	}
	if o.CheckData != nil && !*o.CheckData {
		words = append(words, "no-validate")
	}
	return n.tableJob(ctx, "scrub", strings.Join(words, " "), o.Keyspace, o.Tables)
}

// GarbageCollect implements mgmtapi.Node.
func (n *Node) GarbageCollect(ctx context.Context, o mgmtapi.TableOptions) (string, error) {
	return n.tableJob(ctx, "garbagecollect", o.Keyspace, o.Keyspace, o.Tables)
}

// Flush implements mgmtapi.Node.
func (n *Node) Flush(ctx context.Context, o mgmtapi.TableOptions) (string, error) {
	return n.tableJob(ctx, "flush", o.Keyspace, o.Keyspace, o.Tables)
}

// UpgradeSSTables implements mgmtapi.Node.
func (n *Node) UpgradeSSTables(ctx context.Context, o mgmtapi.TableOptions) (string, error) {
	return n.tableJob(ctx, "upgradesstables", o.Keyspace, o.Keyspace, o.Tables)
}

// ReloadTruststore implements mgmtapi.Node.
func (n *Node) ReloadTruststore(ctx context.Context) (string, error) {
	switch {
	case n.isOld():
		return "", unknownCall("tsreload")
	case !locked(n, func() bool { return n.encrypted }):
		return "", fmt.Errorf("tsreload: %w: server_encryption_options.internode_encryption: there is no truststore", mgmtapi.ErrRefused)
	}
	return n.submit(ctx, "tsreload", "", n.jobEnd)
}

func unknownCall(kind string) error {
	return fmt.Errorf("%s: %w: it is not a call that this agent answers", kind, mgmtapi.ErrNotFound)
}

// tableJob refuses what isn't there, as the agent does, and submits the rest.
func (n *Node) tableJob(ctx context.Context, kind, detail, keyspace string, tables []string) (string, error) {
	if n.isOld() {
		return "", unknownCall(kind)
	}
	c, leave, err := n.enter(ctx, kind)
	if err != nil {
		return "", err
	}
	missing := c.missing(keyspace, tables)
	leave()
	if missing != "" {
		return "", fmt.Errorf("%s: %w: %s", kind, mgmtapi.ErrRefused, missing)
	}
	if len(tables) > 0 {
		detail += " " + strings.Join(tables, ",")
	}
	return n.submit(ctx, kind, detail, n.jobEnd)
}

func (n *Node) jobEnd(*cluster) error {
	if n.failingJobs != "" {
		return errors.New(n.failingJobs)
	}
	return nil
}

// missing says what isn't there of a keyspace and tables.
func (c *cluster) missing(keyspace string, tables []string) string {
	if keyspace == "" || keyspace == mgmtapi.AllKeyspaces {
		if len(tables) > 0 {
			return "tables: they need the keyspace_name that they are of"
		}
		return ""
	}
	k := c.keyspaces[keyspace]
	if k == nil {
		return fmt.Sprintf("keyspace_name: there is no keyspace %q", keyspace)
	}
	for _, t := range tables {
		if !slices.Contains(k.tables, t) {
			return fmt.Sprintf("tables: keyspace %q has no table %q", keyspace, t)
		}
	}
	return ""
}
