package line

import (
	"bufio"
	"errors"
	"io"
)

// Most is the longest line that a log has.
const Most = 64 << 10

// Lines reads a file of a log line by line, however long what stands there is.
type Lines struct {
	from *bufio.Reader
	At   int64 // where the next line begins
	Row  int   // of the line that was read last, from 1
}

// NewLines returns the lines of a file.
func NewLines(r io.Reader) *Lines { return &Lines{from: bufio.NewReaderSize(r, Most)} }

// Next returns a line without its line break, until the next call; ended is
// false of one that the file breaks off in. A line that is too long is cut.
// io.EOF: there is no more.
func (l *Lines) Next() (line []byte, ended bool, err error) {
	line, err = l.from.ReadSlice('\n')
	l.At += int64(len(line))
	switch {
	case err == nil:
		l.Row++
		return line[:len(line)-1], true, nil
	case errors.Is(err, bufio.ErrBufferFull):
		l.Row++
		return line, true, l.skip()
	case errors.Is(err, io.EOF) && len(line) > 0:
		l.Row++
		return line, false, nil
	}
	return nil, false, err
}

// skip passes the rest of a line.
func (l *Lines) skip() error {
	for {
		more, err := l.from.ReadSlice('\n')
		l.At += int64(len(more))
		switch {
		case err == nil, errors.Is(err, io.EOF):
			return nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return err
		}
	}
}
