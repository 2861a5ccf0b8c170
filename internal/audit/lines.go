package audit

import (
	"bufio"
	"errors"
	"io"
)

// mostLine is the longest line that a log has.
const mostLine = 64 << 10

// lines reads a file of a log line by line, however long what stands there is.
type lines struct {
	from *bufio.Reader
	at   int64 // where the next line begins
	row  int   // of the line that was read last, from 1
}

func newLines(r io.Reader) *lines { return &lines{from: bufio.NewReaderSize(r, mostLine)} }

// next returns a line without its line break, until the next call; ended is
// false of one that the file breaks off in. A line that is too long is cut.
// io.EOF: there is no more.
func (l *lines) next() (line []byte, ended bool, err error) {
	line, err = l.from.ReadSlice('\n')
	l.at += int64(len(line))
	switch {
	case err == nil:
		l.row++
		return line[:len(line)-1], true, nil
	case errors.Is(err, bufio.ErrBufferFull):
		l.row++
		return line, true, l.skip()
	case errors.Is(err, io.EOF) && len(line) > 0:
		l.row++
		return line, false, nil
	}
	return nil, false, err
}

// skip passes the rest of a line.
func (l *lines) skip() error {
	for {
		more, err := l.from.ReadSlice('\n')
		l.at += int64(len(more))
		switch {
		case err == nil, errors.Is(err, io.EOF):
			return nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return err
		}
	}
}
