package audit

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"

	"golang.org/x/mod/sumdb/note"

	"certwright/internal/audit/line"
)

// A Recent is the end of a log: its lines, and what a verification of them came to.
type Recent struct {
	Server string
	Lines  []line.Line // the oldest first, without beginnings and checkpoints
	Report line.Report // of what was read, from a checkpoint or the first line of all
	// Begun reports whether there was such a place to begin at; without one
	// nothing was verified.
	Begun bool
}

// mostRecent is how much of a log is read for it.
const mostRecent = 8 << 20

// Recent reads the end of the log's files and holds it against the log's keys and
// its last checkpoint. Lines that are written meanwhile may be in it or not.
func (l *Log) Recent() (r Recent, err error) {
	how := line.Verification{Keys: &line.Keys{Proof: l.writer.keeper.row.Proof}}
	known := l.Known()
	if how.Verifier, err = note.NewVerifier(known.Verifier); err != nil {
		return r, err
	}
	if known.Checkpoint != "" {
		c, err := line.ReadCheckpoint(known.Checkpoint, how.Verifier)
		if err != nil {
			return r, err
		}
		how.Checkpoint = &c
	}
	path := l.writer.file.path
	text, whole, err := settled(path, mostRecent)
	if err != nil {
		return r, err
	}
	r.Server = known.Server
	r.Lines = readable(text)
	if !whole {
		text = fromCheckpoint(text)
	}
	if r.Begun = whole || len(text) > 0; r.Begun {
		r.Report, err = line.VerifyReader(path, bytes.NewReader(text), how)
	}
	return r, err
}

// settled is lastOf while no file takes another's place.
func settled(path string, most int64) (text []byte, whole bool, err error) {
	for range 5 {
		before, err := line.Full(path)
		if err != nil {
			return nil, false, err
		}
		if text, whole, err = lastOf(path, most); err != nil {
			return nil, false, err
		}
		after, err := line.Full(path)
		if err != nil {
			return nil, false, err
		}
		if slices.Equal(before, after) {
			return text, whole, nil
		}
	}
	return nil, false, errors.New("the files of the audit log change faster than they are read")
}

// lastOf reads up to most bytes from the end of a log's files, from the beginning
// of a line on; whole: it has them all.
func lastOf(path string, most int64) (text []byte, whole bool, err error) {
	files, err := line.Files(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, true, nil
	}
	if err != nil {
		return nil, false, err
	}
	var parts [][]byte
	cut := false
	for _, path := range slices.Backward(files) {
		part, more, err := endOf(path, most)
		if err != nil {
			return nil, false, err
		}
		parts = append(parts, part)
		if most -= int64(len(part)); more || most <= 0 {
			cut = more || path != files[0]
			break
		}
	}
	slices.Reverse(parts)
	if text = bytes.Join(parts, nil); cut {
		_, text, _ = bytes.Cut(text, []byte("\n"))
	}
	return text, !cut, nil
}

// endOf reads up to most bytes from the end of a file; more: it has others before.
func endOf(path string, most int64) (text []byte, more bool, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, false, err
	}
	defer file.Close()
	is, err := file.Stat()
	if err != nil {
		return nil, false, err
	}
	from := max(0, is.Size()-most)
	text, err = io.ReadAll(io.NewSectionReader(file, from, is.Size()-from))
	return text, from > 0, err
}

// readable are the lines that people read.
func readable(text []byte) (lines []line.Line) {
	for row := range bytes.Lines(text) {
		l, err := line.ReadLine(row)
		if err == nil && l.Certwright.Phase != line.Begins && l.OperationName != line.CheckpointName {
			lines = append(lines, l)
		}
	}
	return lines
}

// fromCheckpoint is a text from its first line with a checkpoint on.
func fromCheckpoint(text []byte) []byte {
	at := bytes.Index(text, []byte(`"operationName":"`+line.CheckpointName+`"`))
	if at < 0 {
		return nil
	}
	return text[bytes.LastIndexByte(text[:at], '\n')+1:]
}
