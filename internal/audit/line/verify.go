package line

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/mod/sumdb/note"
)

// A Verification is what a log is held against. Without any key it finds what
// happened by accident; who changes lines on purpose can make them fit again.
type Verification struct {
	Verifier note.Verifier // of checkpoints; nil: their signatures are not looked at
	Keys     *Keys         // of the server that wrote it, from its database; nil: unknown
	// Checkpoint is one that was kept elsewhere: the log must have had no fewer
	// lines. nil: none.
	Checkpoint *Checkpoint
}

// Keys are what only the server's database has.
type Keys struct {
	Proof []byte // of the chain
	Size  int64  // lines, when the database heard of the log last
	Prev  []byte // the proof of the last of them
}

// A Finding is one thing that is wrong with a log.
type Finding struct {
	File string `json:"file"`
	Line int    `json:"line"`          // in the file, from 1
	Seq  int64  `json:"seq,omitempty"` // of the entry, where that is known; -1: it is not
	What string `json:"what"`
}

// String is the finding as one line.
func (f Finding) String() string {
	at := fmt.Sprintf("%s:%d: ", f.File, f.Line)
	if f.Line == 0 {
		at = f.File + ": "
	}
	if f.Seq >= 0 {
		at += fmt.Sprintf("seq %d: ", f.Seq)
	}
	return at + f.What
}

// A Report is what a verification came to.
type Report struct {
	Lines       int64     `json:"lines"`
	First       int64     `json:"first"` // seq of the first line
	Last        int64     `json:"last"`
	Checkpoints int       `json:"checkpoints"`
	Origin      string    `json:"origin,omitempty"`
	Signed      int64     `json:"signed"`  // lines that a checkpoint with a good signature proves
	Chained     int64     `json:"chained"` // lines that the one behind them, or the database, proves
	Torn        bool      `json:"torn,omitempty"`
	Findings    []Finding `json:"findings"`
	More        int       `json:"more_findings,omitempty"` // beyond the first thousand
}

const mostFindings = 1000

// Verify goes through the files of a log, the oldest first.
func Verify(paths []string, how Verification) (Report, error) {
	v := newVerifier(how)
	for i, path := range paths {
		file, err := os.Open(path)
		if err != nil {
			return v.report, err
		}
		err = v.file(path, file, i == len(paths)-1)
		if err := errors.Join(err, file.Close()); err != nil {
			return v.report, fmt.Errorf("read %s: %w", path, err)
		}
	}
	v.end(paths)
	return v.report, nil
}

// VerifyReader goes through a log that is one file, whose name is for findings.
func VerifyReader(name string, from io.Reader, how Verification) (Report, error) {
	v := newVerifier(how)
	err := v.file(name, from, true)
	v.end([]string{name})
	return v.report, err
}

// A verifier is how far a verification is.
type verifier struct {
	Verification
	report Report

	at     Finding // of the line that is looked at
	next   int64   // the number of the next line; -1: any
	before Finding // of the line before it
	chain  *Chain  // for proofs; nil: the key is not known
	prev   Proof   // of the line before; good if linked
	linked bool
	tree   Tree  // of all lines; good if known
	known  bool  //
	from   int64 // the first line since it is
	tied   bool  // the checkpoint that was kept elsewhere was come by
}

func newVerifier(how Verification) *verifier {
	v := &verifier{Verification: how, next: -1, report: Report{First: -1, Last: -1, Findings: []Finding{}}}
	if how.Keys != nil {
		v.chain = NewChain(how.Keys.Proof)
	}
	return v
}

func (v *verifier) fault(at Finding, format string, args ...any) {
	if len(v.report.Findings) >= mostFindings {
		v.report.More++
		return
	}
	at.What = fmt.Sprintf(format, args...)
	v.report.Findings = append(v.report.Findings, at)
}

func (v *verifier) file(path string, from io.Reader, last bool) error {
	for l := NewLines(from); ; {
		line, ended, err := l.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		v.at = Finding{File: path, Line: l.Row, Seq: -1}
		if !ended && last {
			v.report.Torn = true
			return nil
		}
		if !ended {
			v.fault(v.at, "the file breaks off in this line")
		}
		v.line(line)
	}
}

// line looks at one line.
func (v *verifier) line(line []byte) {
	number, prev, ok := NumberOf(line)
	if !ok || !json.Valid(line) {
		v.fault(v.at, "this is not a line of an audit log: it was changed, or damaged")
		v.lose()
		return
	}
	v.at.Seq = number
	v.follows(line, number, prev)
	v.report.Lines++
	v.report.Last = number
	if v.report.First < 0 {
		v.report.First = number
	}
	v.mark(line)
	v.meet()
	v.tree.add(line)
	if v.chain != nil {
		v.prev, v.linked = v.chain.ProofOf(line), true
		v.stored(number)
	}
	v.next, v.before = number+1, v.at
}

// follows looks at what a line says of its place.
func (v *verifier) follows(line []byte, number int64, prev Proof) {
	switch {
	case v.next == -1 && number == 0: // the beginning of all
		v.known, v.linked = true, v.chain != nil
	case v.next == -1 && !bytes.Contains(line, marker):
		v.fault(v.at, "the log begins in the middle: each of its files begins with seq 0 or a checkpoint")
	case v.next < 0:
	case number > v.next:
		v.fault(v.at, "%d lines before it are missing, from seq %d", number-v.next, v.next)
		v.lose()
	case number < v.next:
		v.fault(v.at, "it stands behind seq %d, where it does not belong", v.next-1)
		v.lose()
	}
	if !v.linked {
		return
	}
	switch {
	case prev == v.prev && number > 0:
		v.report.Chained++
	case prev != v.prev && number == 0:
		v.fault(v.at, "it was changed: the first line proves none before it")
	case prev != v.prev:
		v.fault(v.before, "it was changed, or the line behind it was: they do not belong together")
	}
}

// lose forgets what the lines so far come to: they are not all.
func (v *verifier) lose() {
	v.known, v.linked, v.next = false, false, -2
	v.tree = Tree{}
}

// marker is what a line with a checkpoint has, and no other: quotes in what
// somebody sent are escaped.
var marker = []byte(`"operationName":"` + CheckpointName + `"`)

// mark looks at a checkpoint, if the line has one.
func (v *verifier) mark(line []byte) {
	if !bytes.Contains(line, marker) {
		return
	}
	var says struct {
		Properties struct{ Note, Edge string }
	}
	if err := json.Unmarshal(line, &says); err != nil {
		v.fault(v.at, "the checkpoint cannot be read")
		return
	}
	c, err := ReadCheckpoint(says.Properties.Note, v.Verifier)
	if err != nil {
		v.fault(v.at, "the checkpoint is not good: %v", err)
		return
	}
	edge, err := ReadTree(c.Size, says.Properties.Edge)
	switch {
	case err != nil || edge.Root() != c.Root:
		v.fault(v.at, "the checkpoint's edge does not come to its hash: it was changed")
		return
	case c.Size != v.at.Seq:
		v.fault(v.at, "the checkpoint is of %d lines, and stands behind %d", c.Size, v.at.Seq)
		return
	case v.report.Origin != "" && c.Origin != v.report.Origin:
		v.fault(v.at, "the checkpoint is of another log, %s; those before are of %s", c.Origin, v.report.Origin)
		return
	}
	v.report.Origin = c.Origin
	v.report.Checkpoints++
	v.hold(c, edge)
}

// hold holds the lines before against a checkpoint.
func (v *verifier) hold(c Checkpoint, edge Tree) {
	switch {
	case !v.known:
		v.tree, v.known, v.from = edge, true, c.Size
	case v.tree.Root() != c.Root:
		v.fault(v.at, "something from seq %d to %d was changed: it is not what the checkpoint was made of", v.from, c.Size-1)
		v.tree, v.from = edge, c.Size
	default:
		if v.Verifier != nil {
			v.report.Signed += c.Size - v.from
		}
		v.from = c.Size
	}
}

// meet holds the lines before this one against the checkpoint that was kept
// elsewhere, if it is of so many.
func (v *verifier) meet() {
	c := v.Checkpoint
	if c == nil || c.Size != v.at.Seq {
		return
	}
	v.tied = true
	if v.known && v.tree.Root() != c.Root {
		v.fault(v.at, "the lines before it are not those that the given checkpoint was made of")
	}
}

// stored holds a line against what the database knows of it.
func (v *verifier) stored(number int64) {
	if number == v.Keys.Size-1 {
		v.report.Chained++
		if !bytes.Equal(v.prev[:], v.Keys.Prev) {
			v.fault(v.at, "it was changed: it is not the line that the database knows")
		}
	}
}

// end looks for what is missing at the end.
func (v *verifier) end(paths []string) {
	at := Finding{Seq: -1}
	if len(paths) > 0 {
		at.File = paths[len(paths)-1]
	}
	lines := v.report.Last + 1
	if c := v.Checkpoint; c != nil && !v.tied {
		switch {
		case c.Size > lines:
			v.fault(at, "the log has %d lines, and had %d at the given checkpoint: the end was cut off", lines, c.Size)
		case c.Size == lines && v.known && v.tree.Root() != c.Root:
			v.fault(at, "the lines are not those that the given checkpoint was made of")
		case c.Size < lines && v.report.First >= 0 && c.Size > v.report.First:
			v.fault(at, "the given checkpoint, of %d lines, stands where lines are missing", c.Size)
		}
	}
	if v.Keys != nil && v.Keys.Size > lines {
		v.fault(at, "the log has %d lines, and the database knows of %d: the end was cut off", lines, v.Keys.Size)
	}
}
