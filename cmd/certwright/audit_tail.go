package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"certwright/internal/audit/line"
	"certwright/internal/print"
)

type auditTailCommand struct {
	auditLog `embed:""`
	Lines    int  `short:"n" help:"How many lines." default:"20"`
	Follow   bool `short:"f" help:"Go on with those that are written, until it is interrupted."`
	All      bool `help:"Show checkpoints and beginnings too."`
}

// Help shows how it is used.
func (auditTailCommand) Help() string {
	return `Example:
  certwright audit tail --follow --config certwright.yaml`
}

// followEvery is how often it is looked for more.
const followEvery = 300 * time.Millisecond

// Run prints the last lines, and those to come.
func (a auditTailCommand) Run(ctx context.Context, to streams) error {
	ctx, stop := signal.NotifyContext(ctx, ending()...)
	defer stop()
	files, err := a.files(ctx)
	if err != nil {
		return err
	}
	path := files[len(files)-1]
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	last, rest, err := a.last(file)
	if err != nil {
		return err
	}
	for _, line := range last {
		fmt.Fprintln(to.out, line)
	}
	for a.Follow {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(followEvery):
		}
		if rest, err = a.more(file, rest, to.out); err != nil {
			return err
		}
		if next := moved(file, path); next != nil {
			_, err = a.more(file, rest, to.out) // what came before it was moved
			_ = file.Close()
			file, rest = next, nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// last returns the last lines of a file, and the beginning of one that is not
// whole yet.
func (a auditTailCommand) last(file io.Reader) (last []string, rest []byte, err error) {
	in := bufio.NewReaderSize(file, 1<<20)
	for {
		text, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return last, text, nil
		}
		if err != nil {
			return nil, nil, err
		}
		if line, ok := a.shown(text); ok {
			if last = append(last, line); len(last) > a.Lines {
				last = last[1:]
			}
		}
	}
}

// more prints what came to the file since, and returns what is not whole yet.
func (a auditTailCommand) more(file io.Reader, rest []byte, out io.Writer) ([]byte, error) {
	text, err := io.ReadAll(file)
	rest = append(rest, text...)
	for err == nil {
		line, after, whole := bytes.Cut(rest, []byte("\n"))
		if !whole {
			return rest, nil
		}
		rest = after
		if shown, ok := a.shown(line); ok {
			_, err = fmt.Fprintln(out, shown)
		}
	}
	return rest, err
}

// moved opens the file that has the path now, if it is another.
func moved(file *os.File, path string) *os.File {
	was, err := file.Stat()
	if err != nil {
		return nil
	}
	now, err := os.Stat(path)
	if err != nil || os.SameFile(was, now) {
		return nil
	}
	next, err := os.Open(path)
	if err != nil {
		return nil
	}
	return next
}

// shown is a line as people read it: when, who, what, of what, what came of it.
func (a auditTailCommand) shown(text []byte) (string, bool) {
	l, err := line.ReadLine(text)
	switch {
	case err != nil:
		return "(not a line of an audit log)", true
	case !a.All && (l.Certwright.Phase == line.Begins || l.OperationName == line.CheckpointName):
		return "", false
	}
	words := []string{stamp(l.Time), dash(l.CallerIPAddress), dash(l.Caller()), l.OperationName, dash(l.Property("id"))}
	result := l.ResultSignature
	if l.Certwright.Phase == line.Begins {
		result = "begins"
	}
	for _, more := range []string{result, l.ResultDescription} {
		if more != "" {
			words = append(words, more)
		}
	}
	return print.Plain(strings.Join(words, "  ")), true
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
