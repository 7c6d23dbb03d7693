package clock

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// layout says where in a vDSO its functions begin and where the block goes.
// Addresses count from the beginning of the mapping.
type layout struct {
	entries []entry
	block   uint64
	end     uint64 // of what the kernel's linker put there for use at run time
}

// entry is one function to be replaced.
type entry struct{ at, size, stub uint64 }

// stubs are the names under which programs look for the functions.
var stubs = map[string]uint64{
	"__vdso_clock_gettime": gettimeStub, "clock_gettime": gettimeStub,
	"__vdso_gettimeofday": timeofdayStub, "gettimeofday": timeofdayStub,
	"__vdso_time": secondsStub, "time": secondsStub,
}

// jumpSize is the length of a jump to a 32-bit distance.
const jumpSize = 5

// parse reads the mapping of a vDSO. It goes by program headers, because section
// headers may have had to make room for the block.
func parse(image []byte) (layout, error) {
	var header elf.Header64
	if _, err := binary.Decode(image, binary.LittleEndian, &header); err != nil {
		return layout{}, fmt.Errorf("vDSO of %d bytes: %w", len(image), err)
	}
	if !bytes.HasPrefix(image, []byte(elf.ELFMAG)) || elf.Class(header.Ident[elf.EI_CLASS]) != elf.ELFCLASS64 || elf.Machine(header.Machine) != elf.EM_X86_64 {
		return layout{}, errors.New("its vDSO is not one of x86-64; 32-bit programs are not supported")
	}
	load, dynamic, err := segments(image, header)
	if err != nil {
		return layout{}, err
	}
	l := layout{end: load.Off + load.Filesz}
	symbols, err := dynamicSymbols(image, load, dynamic)
	if err != nil {
		return layout{}, err
	}
	if l.entries, err = entries(image, symbols); err != nil {
		return layout{}, err
	}
	l.block, err = room(image, header, l.end)
	return l, err
}

// segments finds the part that is loaded, and the dynamic table.
func segments(image []byte, header elf.Header64) (load, dynamic elf.Prog64, err error) {
	for i := range uint64(header.Phnum) {
		var p elf.Prog64
		if err := decode(image, header.Phoff+i*uint64(header.Phentsize), &p); err != nil {
			return load, dynamic, err
		}
		switch elf.ProgType(p.Type) {
		case elf.PT_LOAD:
			load = p
		case elf.PT_DYNAMIC:
			dynamic = p
		}
	}
	size := uint64(len(image))
	if load.Filesz == 0 || load.Off != 0 || load.Vaddr != 0 || load.Filesz > size || dynamic.Filesz == 0 || dynamic.Off > size {
		return load, dynamic, errors.New("its vDSO is not laid out as those of Linux are")
	}
	return load, dynamic, nil
}

// symbol is a function that the vDSO offers.
type symbol struct {
	name     string
	at, size uint64
}

func dynamicSymbols(image []byte, load, dynamic elf.Prog64) ([]symbol, error) {
	tags := map[elf.DynTag]uint64{}
	for at := dynamic.Off; at < dynamic.Off+dynamic.Filesz; at += 16 {
		var d elf.Dyn64
		if err := decode(image, at, &d); err != nil {
			return nil, err
		}
		tags[elf.DynTag(d.Tag)] = d.Val
	}
	table, names := tags[elf.DT_SYMTAB], tags[elf.DT_STRTAB]
	if table == 0 || names <= table || names > load.Filesz {
		return nil, errors.New("its vDSO has no table of symbols before their names")
	}
	var found []symbol
	for at := table; at+elf.Sym64Size <= names; at += elf.Sym64Size {
		var s elf.Sym64
		if err := decode(image, at, &s); err != nil {
			return nil, err
		}
		if elf.ST_TYPE(s.Info) != elf.STT_FUNC || names+uint64(s.Name) >= load.Filesz {
			continue
		}
		name, _, _ := bytes.Cut(image[names+uint64(s.Name):load.Filesz], []byte{0})
		found = append(found, symbol{string(name), s.Value, s.Size})
	}
	return found, nil
}

// entries picks the functions that tell the wall clock. Most have two names.
func entries(image []byte, symbols []symbol) ([]entry, error) {
	var found []entry
	for _, s := range symbols {
		stub, ok := stubs[s.name]
		if !ok || slices.ContainsFunc(found, func(e entry) bool { return e.at == s.at }) {
			continue
		}
		if s.size < savedSize || s.at+s.size > uint64(len(image)) {
			return nil, fmt.Errorf("its vDSO's %s has %d bytes at %#x of %d: there is no place for a jump", s.name, s.size, s.at, len(image))
		}
		found = append(found, entry{s.at, s.size, stub})
	}
	if !slices.ContainsFunc(found, func(e entry) bool { return e.stub == gettimeStub }) {
		return nil, errors.New("its vDSO has no __vdso_clock_gettime")
	}
	if len(found) > savedCount {
		return nil, fmt.Errorf("its vDSO has %d functions for the wall clock: more than %d are not expected", len(found), savedCount)
	}
	return found, nil
}

// room finds the place for the block: the zeroes between the end of the file and
// that of its last page. Where the file ends too close to the page's end, it is
// the file's own tail, section headers and their names, which nothing reads at
// run time (a debugger would).
func room(image []byte, header elf.Header64, loadEnd uint64) (uint64, error) {
	size := uint64(len(image))
	padding := align(max(loadEnd, header.Shoff+uint64(header.Shnum)*uint64(header.Shentsize)))
	tail := align(loadEnd)
	switch {
	case padding+blockSize <= size:
		place := image[padding : padding+blockSize]
		if !hasBlock(place) && len(bytes.Trim(place, "\x00")) > 0 {
			return 0, fmt.Errorf("something else has been written behind its vDSO, at %#x", padding)
		}
		return padding, nil
	case tail+blockSize <= size:
		return tail, nil
	}
	return 0, fmt.Errorf("its vDSO of %d bytes has no room for %d more behind %#x", size, blockSize, loadEnd)
}

func align(at uint64) uint64 { return (at + 15) &^ 15 }

func decode(image []byte, at uint64, into any) error {
	if at > uint64(len(image)) {
		return fmt.Errorf("its vDSO of %d bytes points to %#x", len(image), at)
	}
	if _, err := binary.Decode(image[at:], binary.LittleEndian, into); err != nil {
		return fmt.Errorf("its vDSO of %d bytes, at %#x: %w", len(image), at, err)
	}
	return nil
}
