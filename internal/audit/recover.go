package audit

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"certwright/internal/audit/line"
	"certwright/internal/clock"
)

// resumed is the operationName of a line that says how a log goes on.
const resumed = "CertwrightAuditResumed"

// resume goes on where the log ended: at the state that the database has, and
// behind that with every line of the files that proves to be the next. It
// returns what there is to tell of it.
func (w *writer) resume() (told []Entry, err error) {
	r := w.keeper.row
	w.markedAt = clock.Real{}.Now()
	w.last.Store(new(string))
	if w.keeper.made { // a new log: a file that is there is of another
		return nil, w.file.setAside()
	}
	if r.Size > 0 { // else it ended before its first checkpoint
		if w.chain.Tree, err = line.ReadTree(r.Size, r.Edge); err != nil {
			return nil, fmt.Errorf("read where the log was: %w", err)
		}
		copy(w.chain.Prev[:], r.Prev)
		w.note, w.marked = r.Note, r.Size-1
		w.last.Store(&r.Note)
	}
	paths, err := line.From(w.file.path, r.Size)
	if err != nil {
		return nil, err
	}
	f := follower{chain: w.chain, from: r.Size, prev: w.chain.Prev, reached: r.Size == 0}
	for _, path := range paths {
		if err := f.follow(path, path == w.file.path); err != nil {
			return nil, err
		}
	}
	return w.goOn(f, paths)
}

// goOn puts the file where the follower came to.
func (w *writer) goOn(f follower, paths []string) (told []Entry, err error) {
	say := func(description, name, value string) []Entry {
		return []Entry{{Operation: resumed, Description: description, Facts: []Fact{{Name: name, Value: value}}}}
	}
	switch {
	case f.broken != "":
		return say("a line does not follow from the one before it: the log goes on behind that one, in another file", "file", f.broken), w.file.setAside()
	case !f.reached:
		return say("the files end before the last checkpoint, or are gone: the log goes on behind that checkpoint", "lines", strconv.FormatInt(f.from, 10)), w.file.setAside()
	case len(paths) == 0 || paths[len(paths)-1] != w.file.path:
		return nil, nil // the next line begins a file
	}
	w.file.size, w.file.durable = f.good, f.good
	if info, err := os.Stat(w.file.path); err == nil {
		w.file.began = info.ModTime()
	}
	if f.torn > 0 {
		return say("the last line was not written to its end, and was cut off: nobody was told that it was written", "bytes", strconv.FormatInt(f.torn, 10)), nil
	}
	return nil, nil
}

// A follower reads on from a state of the chain.
type follower struct {
	chain   *line.Chain
	from    int64      // the state's number of lines
	prev    line.Proof // of its last line
	reached bool       // the files hold that line, or the one behind it
	broken  string
	good    int64 // where the last good line of a file ends
	torn    int64 // bytes behind it, of a line without an end
}

// follow goes through a file. last: it may break off in a line.
func (f *follower) follow(path string, last bool) error {
	if f.broken != "" {
		return nil
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	f.good, f.torn = 0, 0
	for l := line.NewLines(file); ; {
		text, ended, err := l.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("read %s: %w", path, err)
		case !ended && last:
			f.torn = l.At - f.good
			return nil
		case !f.isNext(text):
			f.broken = path + ":" + strconv.Itoa(l.Row)
			return nil
		}
		f.good = l.At
	}
}

// isNext takes a line, if it follows.
func (f *follower) isNext(text []byte) bool {
	number, prev, ok := line.NumberOf(text)
	switch {
	case !ok:
		return false
	case number < f.from-1:
		return true // the state proves it
	case number == f.from-1:
		f.reached = f.chain.ProofOf(text) == f.prev
		return f.reached
	case number != f.chain.Tree.Size || prev != f.chain.Prev:
		return false
	}
	f.reached = true
	f.chain.Take(text)
	return true
}
