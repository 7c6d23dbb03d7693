package topology

import (
	"fmt"
	"hash/fnv"
	"math/big"
	"math/bits"
	"strconv"
)

// Tokens assigns the tokens of a datacenter's first boot on the Murmur3
// partitioner (-2^63 to 2^63-1). Each rack covers the whole ring evenly, its
// nodes in turn, so that with as many replicas as racks every node of a rack
// owns the same share. Racks and datacenters are offset against each other, and
// no two tokens of the ring are equal.
//
// A datacenter's tokens depend on its own size, racks and place in the list
// only: they stay what they are when others grow or more are added. Their lowest
// bits are the node's own, so that they differ even from those of a ring that
// this one joins without knowing it, and from those that another node was given
// before the size was changed during the boot. So do those of a datacenter that is
// made again: with the tokens of dead members it would take over their ranges silently. Only a first boot may use them:
// adding a node to a datacenter with data must let Cassandra choose.
func (r Ring) Tokens(datacenter string) map[Position][]string {
	used := map[int64]bool{}
	for i, d := range r.Datacenters {
		assigned := d.tokens(i, used)
		if d.Name == datacenter {
			return assigned
		}
	}
	return nil
}

// saltBits are the bits of a token that tell nodes apart: too few to be seen in
// what a node owns.
const saltBits = 24

// tokens of the datacenter at a place in the ring; it notes them as used.
func (d Datacenter) tokens(place int, used map[int64]bool) map[Position][]string {
	out := map[Position][]string{}
	for rack, size := range d.RackSizes() {
		count := int64(size * d.NumTokens)
		for j := range count {
			// At (j + (rack + offset) / racks) / count of the way around the ring.
			numerator := (j*int64(len(d.Racks))+int64(rack))<<offsetBits + offset(place)
			token := fraction(numerator, count*int64(len(d.Racks))<<offsetBits)
			position := Position{d.Racks[rack], int(j) % size}
			token = token&^(1<<saltBits-1) | d.salt(position)
			for used[token] { // racks of different sizes may meet at a point
				token += 1 << saltBits
			}
			used[token] = true
			out[position] = append(out[position], strconv.FormatInt(token, 10))
		}
	}
	return out
}

const offsetBits = 16

// offset is where between two racks a datacenter begins: 0, 1/2, 1/4, 3/4, 1/8
// and so on, so that one more never moves those before it. In 2^-16.
func offset(place int) int64 { return int64(bits.Reverse16(uint16(place))) }

// salt is never 0: the smallest token of all would then be the partitioner's
// minimum, which has a meaning of its own.
func (d Datacenter) salt(p Position) int64 {
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%s/%s/%d", d.Name, p.Rack, p.Ordinal) // never fails
	if d.Birth != "" {
		_, _ = fmt.Fprintf(h, "/%s", d.Birth)
	}
	return int64(h.Sum64()%(1<<saltBits-1)) + 1
}

// fraction is the token at n/d of the way around the ring.
func fraction(n, d int64) int64 {
	x := new(big.Int).Lsh(big.NewInt(n), 64)
	x.Quo(x, big.NewInt(d))
	x.Sub(x, new(big.Int).Lsh(big.NewInt(1), 63))
	return x.Int64()
}
