package world

import "slices"

// Table keeps resources by id, in the order in which they were made.
type Table[T any] struct {
	Last int                // number of the newest row
	Rows map[string]*Row[T] // by id
}

// Row is one resource and its place in the order.
type Row[T any] struct {
	Number int
	Value  *T
}

// Put adds a resource, or replaces it in its place.
func (t *Table[T]) Put(id string, value *T) {
	if row, ok := t.Rows[id]; ok {
		row.Value = value
		return
	}
	if t.Rows == nil {
		t.Rows = map[string]*Row[T]{}
	}
	t.Last++
	t.Rows[id] = &Row[T]{Number: t.Last, Value: value}
}

// Get is a resource, or nil.
func (t *Table[T]) Get(id string) *T {
	if row, ok := t.Rows[id]; ok {
		return row.Value
	}
	return nil
}

// Delete forgets a resource.
func (t *Table[T]) Delete(id string) { delete(t.Rows, id) }

// Len counts the resources.
func (t *Table[T]) Len() int { return len(t.Rows) }

// All lists the resources from the oldest to the newest; the table may be
// changed meanwhile.
func (t *Table[T]) All() []*T {
	out := make([]*T, 0, len(t.Rows))
	for _, row := range t.sorted() {
		out = append(out, row.Value)
	}
	return out
}

// After lists the resources that are newer than a number, with their numbers.
func (t *Table[T]) After(number int) []*Row[T] {
	rows := t.sorted()
	at, _ := slices.BinarySearchFunc(rows, number+1, func(r *Row[T], n int) int { return r.Number - n })
	return rows[at:]
}

func (t *Table[T]) sorted() []*Row[T] {
	rows := make([]*Row[T], 0, len(t.Rows))
	for _, row := range t.Rows {
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b *Row[T]) int { return a.Number - b.Number })
	return rows
}
