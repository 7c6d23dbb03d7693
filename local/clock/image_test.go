//go:build linux && amd64

package clock

import (
	"bytes"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// own is the vDSO of this process, which nobody shifts.
func own(t *testing.T) ([]byte, layout) {
	t.Helper()
	v, err := readView(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	v.memory.Close()
	return v.image, v.layout
}

func TestBlockIsWhatTheAssemblerMakes(t *testing.T) {
	dir := t.TempDir()
	object, raw := filepath.Join(dir, "block.o"), filepath.Join(dir, "block")
	for _, args := range [][]string{{"as", "-o", object, "testdata/block.S"}, {"objcopy", "-O", "binary", "-j", ".text", object, raw}} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Skipf("%s: %v: %s", args[0], err, out)
		}
	}
	want, err := os.ReadFile(raw)
	if err != nil {
		t.Fatal(err)
	}
	if got := newBlock(nil, layout{}); !bytes.Equal(got, want) || len(got) != blockSize {
		t.Errorf("the block has %d bytes, not the %d of testdata/block.S\n got %x\nwant %x", len(got), len(want), got, want)
	}
}

func TestBlockLiesBehindTheContents(t *testing.T) {
	image, l := own(t)
	if l.block < l.end || l.block+blockSize > uint64(len(image)) || l.block%16 != 0 {
		t.Errorf("contents end at %#x, the block lies at %#x of %#x", l.end, l.block, len(image))
	}
	if len(l.entries) < 3 {
		t.Errorf("found %d functions", len(l.entries))
	}
}

// Where the last page has no room behind the file, its section headers have to go.
func TestBlockInTheTail(t *testing.T) {
	image, l := own(t)
	if l.block+blockSize >= uint64(len(image)) {
		t.Skip("so it is here")
	}
	short, err := parse(image[:l.block+blockSize-1])
	if err != nil {
		t.Fatal(err)
	}
	if short.block < short.end || short.block >= l.block {
		t.Errorf("contents end at %#x, the block lies at %#x", short.end, short.block)
	}
	again := bytes.Clone(image[:l.block+blockSize-1])
	copy(again[short.block:], newBlock(again, short))
	if found, err := parse(again); err != nil || found.block != short.block {
		t.Errorf("found again at %#x, not %#x: %v", found.block, short.block, err)
	}
	if _, err := parse(image[:l.end+blockSize-1]); err == nil || !strings.Contains(err.Error(), "no room") {
		t.Errorf("no room anywhere: %v", err)
	}
}

func TestParseRefuses(t *testing.T) {
	image, l := own(t)
	damage := func(at uint64, b ...byte) []byte {
		damaged := bytes.Clone(image)
		copy(damaged[at:], b)
		return damaged
	}
	for want, image := range map[string][]byte{
		"not one of x86-64":   damage(4, 1),
		"not laid out":        damage(56, 0, 0),
		"something else":      damage(l.block+100, 1),
		"points to":           damage(32, 0xff, 0xff, 0xff, 0xff),
		"vDSO of 10 bytes":    image[:10],
		"no table of symbols": damage(0),
	} {
		if want == "no table of symbols" {
			_, dynamic := headers(t, image)
			clear(image[dynamic.Off : dynamic.Off+dynamic.Filesz])
		}
		if _, err := parse(image); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

func TestOriginal(t *testing.T) {
	image, l := own(t)
	patched := bytes.Clone(image)
	copy(patched[l.block:], newBlock(image, l))
	for _, e := range l.entries {
		copy(patched[e.at:], l.jump(e))
	}
	if l.jumps(image) || !l.jumps(patched) || !l.known(patched) || l.known(image) {
		t.Error("a patched vDSO is not told from one that isn't")
	}
	for _, e := range l.entries {
		was, err := l.original(patched, e)
		if err != nil || !bytes.HasPrefix(image[e.at:], was) || len(was) != jumpSize {
			t.Errorf("at %#x stood %x, %v", e.at, was, err)
		}
	}
}

func TestDanger(t *testing.T) {
	l := layout{entries: []entry{{at: 200, size: 50}}, end: 400}
	for _, c := range []struct {
		why  string
		at   int
		code []byte
		want span
	}{
		{"no branch", 0, nil, span{201, 205}},
		{"a short jump into it", 240, []byte{0xeb, 0xd8}, span{201, 250}}, // 242 - 40 = 202
		{"a short jump to its first byte", 240, []byte{0x74, 0xd6}, span{201, 205}},
		{"a short jump behind it", 240, []byte{0x74, 0xdb}, span{201, 205}},
		{"a conditional jump into it", 100, []byte{0x0f, 0x84, 98, 0, 0, 0}, span{201, 250}}, // 106 + 98 = 204
		{"a long jump into it", 300, []byte{0xe9, 0x9c, 0xff, 0xff, 0xff}, span{201, 205}},   // 305 - 100 = 205
		{"a call into it", 300, []byte{0xe8, 0x98, 0xff, 0xff, 0xff}, span{201, 250}},
	} {
		image := make([]byte, 400)
		copy(image[c.at:], c.code)
		if got := l.danger(image); got[0] != c.want {
			t.Errorf("%s: %v, not %v", c.why, got[0], c.want)
		}
	}
}

func headers(t *testing.T, image []byte) (load, dynamic elf.Prog64) {
	t.Helper()
	var header elf.Header64
	if err := decode(image, 0, &header); err != nil {
		t.Fatal(err)
	}
	load, dynamic, err := segments(image, header)
	if err != nil {
		t.Fatal(err)
	}
	return load, dynamic
}
