package clock

import (
	"encoding/binary"
	"slices"
)

// span is a range of addresses, without its end.
type span struct{ from, to uint64 }

func within(spans []span, at uint64) bool {
	return slices.ContainsFunc(spans, func(s span) bool { return s.from <= at && at < s.to })
}

// danger is where no thread may stand while jumps are written: behind the first
// byte of what a jump replaces. A thread on the first byte takes the jump, one
// further on never comes back, unless the function jumps back to its beginning:
// then all of it is dangerous.
func (l layout) danger(image []byte) []span {
	var spans []span
	for _, e := range l.entries {
		end := e.at + jumpSize
		if branchInto(image[:l.end], span{e.at + 1, end}) {
			end = e.at + e.size
		}
		spans = append(spans, span{e.at + 1, end})
	}
	return spans
}

// branchInto says whether something that looks like a jump or call leads into
// the range. It reads at every byte, and so finds some that aren't there, but
// misses none.
func branchInto(text []byte, into span) bool {
	for i := range len(text) - 6 {
		at := uint64(i)
		var target uint64
		switch op := text[i]; {
		case op == 0xeb, op&0xf0 == 0x70: // short jumps
			target = at + 2 + uint64(int8(text[i+1])) // wraps as addresses do
		case op == 0xe8, op == 0xe9: // call, jump
			target = at + 5 + relative(text[i+1:])
		case op == 0x0f && text[i+1]&0xf0 == 0x80: // conditional jumps
			target = at + 6 + relative(text[i+2:])
		}
		if into.from <= target && target < into.to {
			return true
		}
	}
	return false
}

func relative(b []byte) uint64 { return uint64(int32(binary.LittleEndian.Uint32(b))) }
