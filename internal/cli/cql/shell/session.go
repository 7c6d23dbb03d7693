package shell

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	gocql "github.com/apache/cassandra-gocql-driver/v2"
)

// Options go with every statement.
type Options struct {
	Consistency gocql.Consistency
	Serial      gocql.Consistency // of lightweight transactions
	PageSize    int               // rows that are fetched, and laid out, at once; 0 means pageSize
}

// Session runs statements.
type Session interface {
	// Execute runs one and hands its rows over, page by page. A statement that
	// gives no rows gives no page; a query without a match gives an empty one.
	Execute(ctx context.Context, statement string, o Options, page func(Page) error) error
	// Use sets the keyspace of names without one. It fails when there is none of
	// that name.
	Use(ctx context.Context, keyspace string) error
	// Close ends the session.
	Close()
}

// pageSize is how many rows are fetched at once when nobody waits between them.
const pageSize = 1000

// Open opens a session of the driver's in a keyspace; "" is none.
type Open func(keyspace string) (*gocql.Session, error)

// driver is the Session over Cassandra's driver, which can't change its keyspace
// and so is opened again for another.
type driver struct {
	open    Open
	session *gocql.Session
}

// Connect opens a Session without a keyspace.
func Connect(open Open) (Session, error) {
	session, err := open("")
	if err != nil {
		return nil, err
	}
	return &driver{open, session}, nil
}

// Use implements Session. The driver wouldn't say that there is no such
// keyspace, so that is asked first.
func (d *driver) Use(ctx context.Context, keyspace string) error {
	found := d.session.Query("SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?", keyspace).Consistency(gocql.One).IterContext(ctx)
	rows := found.NumRows()
	if err := found.Close(); err != nil {
		return explain(err)
	}
	if rows == 0 && !strings.HasPrefix(keyspace, "system_v") { // virtual ones are elsewhere
		return fmt.Errorf("InvalidRequest: Error from server: code=2200 [Invalid query] message=\"Keyspace '%s' does not exist\"", keyspace)
	}
	next, err := d.open(keyspace)
	if err != nil {
		return explain(err)
	}
	d.session.Close()
	d.session = next
	return nil
}

// Close implements Session.
func (d *driver) Close() { d.session.Close() }

// Execute implements Session.
func (d *driver) Execute(ctx context.Context, statement string, o Options, page func(Page) error) error {
	q := d.session.Query(statement).Consistency(o.Consistency).SerialConsistency(o.Serial).PageSize(cmp.Or(o.PageSize, pageSize))
	iter := q.IterContext(ctx)
	columns := iter.Columns()
	p := Page{}
	for _, c := range columns {
		p.Columns = append(p.Columns, c.Name)
	}
	var failed error
	first := true
	for failed == nil {
		row, ok := scan(iter, columns)
		if !ok {
			break
		}
		p.Rows = append(p.Rows, row)
		if iter.WillSwitchPage() {
			failed, first = page(p), false
			p.Rows = nil
		}
	}
	if err := iter.Close(); err != nil && failed == nil {
		failed = explain(err)
	}
	if failed != nil || len(columns) == 0 || len(p.Rows) == 0 && !first {
		return failed
	}
	return page(p)
}

// scan reads one row. The driver hands a tuple's elements over one by one.
func scan(iter *gocql.Iter, columns []gocql.ColumnInfo) ([]cell, bool) {
	var into []any
	var parts [][]*cell
	for _, c := range columns {
		n := 1
		if t, ok := c.TypeInfo.(gocql.TupleTypeInfo); ok {
			n = len(t.Elems)
		}
		var some []*cell
		for range n {
			one := &cell{info: c.TypeInfo}
			some, into = append(some, one), append(into, one)
		}
		parts = append(parts, some)
	}
	if !iter.Scan(into...) {
		return nil, false
	}
	var row []cell
	for i, some := range parts {
		if t, ok := columns[i].TypeInfo.(gocql.TupleTypeInfo); ok {
			row = append(row, tuple(t, some))
			continue
		}
		row = append(row, *some[0])
	}
	return row, true
}

// tuple puts the elements together again; one of nothing but nulls is null.
func tuple(t gocql.TupleTypeInfo, parts []*cell) cell {
	var data []byte
	there := false
	for _, p := range parts {
		there = there || p.data != nil
		data = appendValue(data, p.data)
	}
	if !there {
		data = nil
	}
	return cell{t, data}
}

// appendValue adds a length and the bytes, as in the native protocol.
func appendValue(data, value []byte) []byte {
	n := len(value)
	if value == nil {
		return append(data, 0xff, 0xff, 0xff, 0xff)
	}
	return append(append(data, byte(n>>24), byte(n>>16), byte(n>>8), byte(n)), value...)
}

// Level reads a consistency level.
func Level(name string) (gocql.Consistency, error) {
	level, err := gocql.ParseConsistencyWrapper(name)
	if err != nil {
		return level, fmt.Errorf("%s is not a consistency level: ANY, ONE, TWO, THREE, QUORUM, ALL, LOCAL_QUORUM, EACH_QUORUM, LOCAL_ONE, SERIAL and LOCAL_SERIAL are", name)
	}
	return level, nil
}
