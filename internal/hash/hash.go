package hash

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// objectBytes are enough to tell versions of one object apart.
const objectBytes = 8

// Object is the hash of an object of an API or of a part of it: 16 hexadecimal digits of its JSON's SHA-256.
func Object(o any) string {
	data, _ := json.Marshal(o) // types of APIs: cannot fail
	return Bytes(data, objectBytes)
}

// Text is a text's SHA-256, cut to n bytes, as 2n hexadecimal digits.
func Text(text string, n int) string { return Bytes([]byte(text), n) }

// Bytes is the SHA-256 of some bytes, cut to n bytes, as 2n hexadecimal digits.
func Bytes(data []byte, n int) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:n])
}
