package line

import (
	"crypto/sha256"
	"hash"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// A Tree is the right edge of the Merkle tree over all lines (RFC 6962): enough
// to add one, and to say the root.
type Tree struct {
	Size int64
	Edge []tlog.Hash // of the full subtrees, from the largest
	sum  hash.Hash
}

// add adds a line.
func (t *Tree) add(line []byte) {
	if t.sum == nil {
		t.sum = sha256.New()
	}
	var h tlog.Hash
	t.sum.Reset()
	t.sum.Write(leafPrefix)
	t.sum.Write(line)
	t.sum.Sum(h[:0])
	for n := t.Size; n&1 == 1; n >>= 1 {
		h = tlog.NodeHash(t.Edge[len(t.Edge)-1], h)
		t.Edge = t.Edge[:len(t.Edge)-1]
	}
	t.Edge = append(t.Edge, h)
	t.Size++
}

// Root is the tree's hash; the tree is not empty.
func (t *Tree) Root() tlog.Hash {
	h := t.Edge[len(t.Edge)-1]
	for i := len(t.Edge) - 2; i >= 0; i-- {
		h = tlog.NodeHash(t.Edge[i], h)
	}
	return h
}

// whole reports whether the edge is one of a tree of this size.
func (t *Tree) whole() bool { return t.Size > 0 && len(t.Edge) == bits.OnesCount64(uint64(t.Size)) }

var leafPrefix = []byte{0}
