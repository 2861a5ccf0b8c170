package audit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"certwright/internal/audit/line"
	"certwright/internal/clock"
	"certwright/internal/files"
)

// rotate gives the file a name with the time and a number, and begins another.
// Of full files as many stay as the settings say.
func (f *file) rotate(now time.Time) error {
	if err := f.write(nil, true); err != nil {
		return err
	}
	f.shut()
	return f.move(now)
}

// setAside moves away a file that is there already and that the log cannot go on in.
func (f *file) setAside() error {
	if info, err := os.Stat(f.path); errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
		return nil
	} else if err != nil {
		return err
	}
	return f.move(clock.Real{}.Now())
}

func (f *file) move(now time.Time) error {
	full, err := line.Full(f.path)
	if err != nil {
		return err
	}
	number := 1
	if len(full) > 0 {
		number = line.NumberIn(full[len(full)-1]) + 1
	}
	stem, ext := line.Stem(f.path)
	name := fmt.Sprintf("%s-%s-%06d%s", stem, now.UTC().Format("20060102T150405Z"), number, ext)
	if err := files.Move(f.path, name); err != nil {
		return err
	}
	f.size, f.durable, f.began = 0, 0, now
	return f.forget(append(full, name))
}

// forget removes the oldest of the full files.
func (f *file) forget(full []string) (err error) {
	for f.limits.Keep > 0 && len(full) > f.limits.Keep {
		err = errors.Join(err, os.Remove(full[0]))
		full = full[1:]
	}
	return err
}
