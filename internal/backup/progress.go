package backup

import (
	"context"
	"io"
	"os"
)

// pages tells how far the copy of the database is.
func (r Request) pages(done, all int) {
	if r.Progress != nil {
		r.Progress("copying", float64(done), float64(all))
	}
}

// rows tells how far the database is filled.
func (r Restoration) rows(done, all int) {
	if r.Progress != nil {
		r.Progress("filling", float64(done), float64(all))
	}
}

// bytes returns what is told of each part of a size.
func (r Request) bytes(doing string, size int64) func(int64) {
	var sum int64
	return func(n int64) {
		if sum += n; r.Progress != nil {
			r.Progress(doing, float64(sum), float64(size))
		}
	}
}

// readBack reads a backup as a restore would.
func (r Request) readBack(ctx context.Context, path string, size int64) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = unpack(ctx, f, r.bytes("reading back", size), func(_ string, body io.Reader) error {
		_, err := io.Copy(io.Discard, body)
		return err
	})
	return err
}
