package world

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
)

// IDs makes names that were never given out before.
type IDs struct {
	source io.Reader
}

// NewIDs draws from a source; nil is the machine's randomness.
func NewIDs(source io.Reader) *IDs {
	if source == nil {
		source = rand.Reader
	}
	return &IDs{source: source}
}

// New is a resource id as EC2 makes them: the prefix and 17 hexadecimal digits.
func (g *IDs) New(prefix string) string { return prefix + "-" + g.Hex(17) }

// Hex is n hexadecimal digits.
func (g *IDs) Hex(n int) string {
	return hex.EncodeToString(g.bytes((n + 1) / 2))[:n]
}

// UUID is a random UUID, version 4.
func (g *IDs) UUID() string {
	b := g.bytes(16)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// Upper is n capital letters and digits, as in access keys and role ids.
func (g *IDs) Upper(n int) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	b := g.bytes(n)
	for i := range b {
		b[i] = letters[b[i]%32]
	}
	return string(b)
}

func (g *IDs) bytes(n int) []byte {
	b := make([]byte, n)
	if _, err := io.ReadFull(g.source, b); err != nil {
		panic("world: no randomness: " + err.Error())
	}
	return b
}
