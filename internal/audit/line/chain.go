package line

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"strconv"
)

// A Proof is the HMAC of a line, which the next line bears.
type Proof [sha256.Size]byte

// A Chain gives lines their numbers and their proofs.
type Chain struct {
	mac  hash.Hash // nil: proofs are not known, by who reads without the key
	Prev Proof     // of the last line
	Tree Tree      // of all lines; its size is the next one's number
}

// NewChain returns the chain of a new log, with the key of its proofs; nil for who
// only looks at lines.
func NewChain(key []byte) *Chain { return &Chain{mac: hmac.New(sha256.New, key)} }

// Frame adds a line to what is written, with what it says up to its number.
func (c *Chain) Frame(to, says []byte) []byte {
	from := len(to)
	to = append(to, says...)
	to = strconv.AppendInt(to, c.Tree.Size, 10)
	to = append(to, lineMiddle...)
	to = base64.StdEncoding.AppendEncode(to, c.Prev[:])
	to = append(to, lineEnd...)
	c.Take(to[from:])
	return append(to, '\n')
}

// Take goes on with a line that was written, without its line break.
func (c *Chain) Take(line []byte) {
	if c.mac != nil {
		c.Prev = c.ProofOf(line)
	}
	c.Tree.add(line)
}

// ProofOf is what the line behind this one bears.
func (c *Chain) ProofOf(line []byte) (p Proof) {
	c.mac.Reset()
	c.mac.Write(line)
	c.mac.Sum(p[:0])
	return p
}

const (
	lineSeq    = `,"seq":`
	lineMiddle = `},"prev":"`
	lineEnd    = `"}`

	proofText = (sha256.Size + 2) / 3 * 4
)

// NumberOf reads what a chain added to a line: its number and the proof of the
// one before it; false: no chain wrote it so.
func NumberOf(line []byte) (seq int64, prev Proof, ok bool) {
	tail := len(lineMiddle) + proofText + len(lineEnd)
	if len(line) < tail || !bytes.HasSuffix(line, []byte(lineEnd)) {
		return 0, prev, false
	}
	says, rest := line[:len(line)-tail], line[len(line)-tail:]
	encoded, ok := bytes.CutPrefix(rest[:len(rest)-len(lineEnd)], []byte(lineMiddle))
	if !ok {
		return 0, prev, false
	}
	var room [proofText / 4 * 3]byte // a little more than a proof: what is decoded may be anything
	if n, err := base64.StdEncoding.Strict().Decode(room[:], encoded); err != nil || n != len(prev) {
		return 0, prev, false
	}
	copy(prev[:], room[:])
	at := bytes.LastIndex(says, []byte(lineSeq))
	if at < 0 {
		return 0, prev, false
	}
	digits := string(says[at+len(lineSeq):])
	seq, err := strconv.ParseInt(digits, 10, 64)
	return seq, prev, err == nil && seq >= 0 && digits == strconv.FormatInt(seq, 10)
}
