package line

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// A Checkpoint says how many lines a log had at some time, and the hash over
// them all (C2SP tlog-checkpoint).
type Checkpoint struct {
	Origin string
	Size   int64
	Root   tlog.Hash
}

// Text is what is signed.
func (c Checkpoint) Text() string {
	return c.Origin + "\n" + strconv.FormatInt(c.Size, 10) + "\n" + c.Root.String() + "\n"
}

// CheckpointName is the operationName of lines that hold a checkpoint.
const CheckpointName = "CertwrightCheckpoint"

// EdgeText writes the right edge of a tree, with which who has not seen the
// lines before goes on from a checkpoint.
func EdgeText(edge []tlog.Hash) string {
	texts := make([]string, len(edge))
	for i, h := range edge {
		texts[i] = h.String()
	}
	return strings.Join(texts, ",")
}

// ReadTree reads what EdgeText wrote of a tree of a size.
func ReadTree(size int64, edge string) (t Tree, err error) {
	t.Size = size
	for s := range strings.SplitSeq(edge, ",") {
		h, err := tlog.ParseHash(s)
		if err != nil {
			return Tree{}, err
		}
		t.Edge = append(t.Edge, h)
	}
	if !t.whole() {
		return Tree{}, errors.New("the edge is not one of a tree of this size")
	}
	return t, nil
}

// ReadCheckpoint reads a signed checkpoint. Without a verifier, its signature is
// not looked at.
func ReadCheckpoint(signed string, by note.Verifier) (c Checkpoint, err error) {
	var known note.Verifiers = note.VerifierList()
	if by != nil {
		known = note.VerifierList(by)
	}
	n, err := note.Open([]byte(signed), known)
	var unverified *note.UnverifiedNoteError
	if errors.As(err, &unverified) && by == nil {
		n, err = unverified.Note, nil
	}
	if err != nil {
		return c, err
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return c, errors.New("it must be of three lines: the log, how many lines it had, and their hash")
	}
	c.Origin = lines[0]
	if c.Size, err = strconv.ParseInt(lines[1], 10, 64); err != nil || c.Size < 1 || lines[1] != strconv.FormatInt(c.Size, 10) {
		return c, fmt.Errorf("%q is not a number of lines", lines[1])
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != len(c.Root) {
		return c, fmt.Errorf("%q is not a hash", lines[2])
	}
	copy(c.Root[:], root)
	if by != nil && c.Origin != by.Name() {
		return c, fmt.Errorf("it is of the log %q, not of %q", c.Origin, by.Name())
	}
	return c, nil
}
