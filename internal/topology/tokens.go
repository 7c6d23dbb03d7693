package topology

import (
	"math/big"
	"strconv"
)

// Tokens assigns the tokens of a datacenter's first boot on the Murmur3
// partitioner (-2^63 to 2^63-1). Each rack covers the whole ring evenly, its
// nodes in turn, so that with as many replicas as racks every node of a rack
// owns the same share. Racks and datacenters are offset against each other, and
// no two tokens of the ring are equal. Only a first boot may use them: adding a
// node to a datacenter with data must let Cassandra choose.
func (r Ring) Tokens(datacenter string) map[Position][]string {
	used := map[int64]bool{}
	for i, d := range r.Datacenters {
		assigned := r.assign(i, used)
		if d.Name == datacenter {
			return assigned
		}
	}
	return nil
}

// assign gives datacenter number i its tokens and notes them as used.
func (r Ring) assign(i int, used map[int64]bool) map[Position][]string {
	d := r.Datacenters[i]
	out := map[Position][]string{}
	for rack, size := range d.RackSizes() {
		count := size * d.NumTokens
		for j := range count {
			// spacing * (j + (rack + i/datacenters) / racks), with spacing = 2^64 / count
			numerator := int64(j)*int64(len(d.Racks))*int64(len(r.Datacenters)) + int64(rack)*int64(len(r.Datacenters)) + int64(i)
			denominator := int64(count) * int64(len(d.Racks)) * int64(len(r.Datacenters))
			token := fraction(numerator, denominator)
			for used[token] { // racks of different sizes may meet at a point
				token++
			}
			used[token] = true
			position := Position{d.Racks[rack], j % size}
			out[position] = append(out[position], strconv.FormatInt(token, 10))
		}
	}
	return out
}

// fraction is the token at n/d of the way around the ring.
func fraction(n, d int64) int64 {
	x := new(big.Int).Lsh(big.NewInt(n), 64)
	x.Quo(x, big.NewInt(d))
	x.Sub(x, new(big.Int).Lsh(big.NewInt(1), 63))
	return x.Int64()
}
