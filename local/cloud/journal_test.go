package cloud

import (
	"errors"
	"fmt"
	"io"
	"testing"
)

func TestJournalTellsFromANumberOn(t *testing.T) {
	j := newJournal(io.Discard)
	j.say("a", "west", "first")
	events, next := j.since(0)
	if len(events) != 1 || events[0].Message != "first" || events[0].Region != "west" || next != 1 {
		t.Fatalf("got %v, %d", events, next)
	}
	if events, next = j.since(next); len(events) != 0 || next != 1 {
		t.Errorf("nothing is new, and got %v, %d", events, next)
	}
	if events, next = j.since(7); len(events) != 0 || next != 1 {
		t.Errorf("of the future, got %v, %d", events, next)
	}
	j.ready("done")
	if events, _ = j.since(1); len(events) != 1 || !events[0].Done || !j.isReady() {
		t.Errorf("got %v, ready %t", events, j.isReady())
	}
}

func TestJournalForgetsTheOldest(t *testing.T) {
	j := newJournal(io.Discard)
	for i := range journalLength + 10 {
		j.say("a", "", "%d", i)
	}
	events, next := j.since(0)
	if len(events) != journalLength || events[0].Message != "10" || next != journalLength+10 {
		t.Errorf("got %d events from %s on, next %d", len(events), events[0].Message, next)
	}
	if events, _ := j.since(next - 1); len(events) != 1 || events[0].Message != fmt.Sprint(next-1) {
		t.Errorf("the last is %v", events)
	}
}

func TestJournalKeepsTheFirstFailure(t *testing.T) {
	j := newJournal(io.Discard)
	first := errors.New("first")
	j.fail("a", "", first)
	j.fail("a", "", errors.New("second"))
	if !errors.Is(j.failure(), first) {
		t.Errorf("got %v", j.failure())
	}
}
