package clock

import (
	"bytes"
	"encoding/binary"
	"errors"
	"time"
)

// The block's parts, counted from its beginning; all numbers are little endian.
const (
	magic     = "RspClk01" // the last digits are the version of block and code
	offsetAt  = 8          // nanoseconds; not 0 only when all jumps are in place
	headSize  = 16
	savedAt   = headSize // what stood at each entry: its address, then its first bytes
	savedSize = 8
	// savedCount is twice what the kernels have: each function has two names for one address.
	savedCount = 6

	gettimeStub   = 0x80
	timeofdayStub = 0xd0
	secondsStub   = 0x120
	blockSize     = 0x170
)

func hasBlock(block []byte) bool { return bytes.HasPrefix(block, []byte(magic)) }

// offsetIn reads the head of a block, or of what stands in its place.
func offsetIn(head []byte) time.Duration {
	if !hasBlock(head) {
		return 0
	}
	return time.Duration(binary.LittleEndian.Uint64(head[offsetAt:]))
}

// newBlock makes the block for a vDSO that has none: no offset yet, and what
// stands at its entries.
func newBlock(image []byte, l layout) []byte {
	block := make([]byte, gettimeStub, blockSize)
	copy(block, magic)
	for i, e := range l.entries {
		slot := block[savedAt+i*2*savedSize:]
		binary.LittleEndian.PutUint64(slot, e.at)
		copy(slot[savedSize:2*savedSize], image[e.at:])
	}
	return append(block, code...)
}

// original is what stood at the entry before, from the image's block.
func (l layout) original(image []byte, e entry) ([]byte, error) {
	saved := image[l.block+savedAt : l.block+gettimeStub]
	for ; len(saved) >= 2*savedSize; saved = saved[2*savedSize:] {
		if binary.LittleEndian.Uint64(saved) == e.at {
			return saved[savedSize : savedSize+jumpSize], nil
		}
	}
	return nil, errForeign
}

var errForeign = errors.New("its vDSO was rewritten by another version of this program, which must restore it")

// known says whether the image's block is one of this version.
func (l layout) known(image []byte) bool {
	return bytes.Equal(image[l.block+gettimeStub:l.block+blockSize], code)
}

// jump leads from an entry to its stub in the block.
func (l layout) jump(e entry) []byte {
	distance := int64(l.block+e.stub) - int64(e.at+jumpSize)
	return binary.LittleEndian.AppendUint32([]byte{0xe9}, uint32(int32(distance)))
}

// jumps says whether all entries of the image lead to the block.
func (l layout) jumps(image []byte) bool {
	for _, e := range l.entries {
		if !bytes.HasPrefix(image[e.at:], l.jump(e)) {
			return false
		}
	}
	return true
}
