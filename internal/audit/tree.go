package audit

import (
	"crypto/sha256"
	"hash"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// A tree is the right edge of the Merkle tree over all lines (RFC 6962): enough
// to add one, and to say the root.
type tree struct {
	size int64
	edge []tlog.Hash // of the full subtrees, from the largest
	sum  hash.Hash
}

// add adds a line.
func (t *tree) add(line []byte) {
	if t.sum == nil {
		t.sum = sha256.New()
	}
	var h tlog.Hash
	t.sum.Reset()
	t.sum.Write(leafPrefix)
	t.sum.Write(line)
	t.sum.Sum(h[:0])
	for n := t.size; n&1 == 1; n >>= 1 {
		h = tlog.NodeHash(t.edge[len(t.edge)-1], h)
		t.edge = t.edge[:len(t.edge)-1]
	}
	t.edge = append(t.edge, h)
	t.size++
}

// root is the tree's hash; the tree is not empty.
func (t *tree) root() tlog.Hash {
	h := t.edge[len(t.edge)-1]
	for i := len(t.edge) - 2; i >= 0; i-- {
		h = tlog.NodeHash(t.edge[i], h)
	}
	return h
}

// whole reports whether the edge is one of a tree of this size.
func (t *tree) whole() bool { return t.size > 0 && len(t.edge) == bits.OnesCount64(uint64(t.size)) }

var leafPrefix = []byte{0}
