package backup

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"slices"
	"time"

	"certwright/internal/store/sqlstore"
)

// ErrDamaged says that an archive is not one of ours, or not whole.
var ErrDamaged = errors.New("the file is not a whole backup\nhint: name a file that certwright backup made, or take another one")

const maxManifest = 1 << 20

// pack writes files, by the path of each, and then the manifest with their sums.
func pack(ctx context.Context, to io.Writer, m Manifest, paths map[string]string, tell func(int64)) error {
	out := tar.NewWriter(to)
	for _, name := range parts {
		path, ok := paths[name]
		if !ok {
			continue
		}
		entry, err := packFile(ctx, out, name, path, m.Made, tell)
		if err != nil {
			return err
		}
		m.Files = append(m.Files, entry)
	}
	text := m.text()
	if err := header(out, ManifestFile, int64(len(text)), m.Made); err != nil {
		return err
	}
	if _, err := io.WriteString(out, text); err != nil {
		return err
	}
	return out.Close()
}

func header(out *tar.Writer, name string, size int64, made time.Time) error {
	return out.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: made.Truncate(time.Second)})
}

func packFile(ctx context.Context, out *tar.Writer, name, path string, made time.Time, tell func(int64)) (File, error) {
	in, err := os.Open(path)
	if err != nil {
		return File{}, err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return File{}, err
	}
	if err := header(out, name, info.Size(), made); err != nil {
		return File{}, err
	}
	sum := sha256.New()
	if _, err := io.Copy(io.MultiWriter(out, sum), &counted{ctx, in, tell}); err != nil {
		return File{}, err
	}
	return File{name, info.Size(), hex.EncodeToString(sum.Sum(nil))}, nil
}

// unpack reads an archive, hands each file to keep, and returns the manifest once
// all that it names was there with its sum, and nothing else.
func unpack(ctx context.Context, from io.Reader, tell func(int64), keep func(name string, body io.Reader) error) (m Manifest, err error) {
	in := tar.NewReader(&counted{ctx, from, tell})
	found := map[string]File{}
	for {
		h, err := in.Next()
		if err != nil { // also io.EOF: there was no manifest
			return m, damaged(ctx, err)
		}
		if h.Name == ManifestFile {
			break
		}
		if h.Typeflag != tar.TypeReg || !known(h.Name) || found[h.Name].Name != "" {
			return m, ErrDamaged
		}
		sum := sha256.New()
		if err := keep(h.Name, io.TeeReader(in, sum)); err != nil {
			return m, damaged(ctx, err)
		}
		found[h.Name] = File{h.Name, h.Size, hex.EncodeToString(sum.Sum(nil))}
	}
	text, err := io.ReadAll(io.LimitReader(in, maxManifest))
	if err == nil {
		m, err = parseManifest(text)
	}
	if err != nil {
		return m, damaged(ctx, err)
	}
	return m, m.fits(found)
}

// fits compares what the manifest names with what was there.
func (m Manifest) fits(found map[string]File) error {
	if m.Format > format {
		return errors.New("the backup was made by a newer program\nhint: restore it with the newer certwright")
	}
	if m.Format != format || len(m.Files) != len(found) {
		return ErrDamaged
	}
	for _, f := range m.Files {
		if found[f.Name] != f {
			return ErrDamaged
		}
	}
	if !m.Holds(sqlstore.File) {
		return ErrDamaged
	}
	return nil
}

func known(name string) bool {
	return slices.Contains(parts, name)
}

// damaged is what an error while reading an archive means. Trouble with the
// disk, and the end of the context, are told as they are.
func damaged(ctx context.Context, err error) error {
	var disk *os.PathError
	if ctx.Err() != nil || errors.As(err, &disk) {
		return err
	}
	return ErrDamaged
}

// counted tells how much was read, and ends with the context.
type counted struct {
	ctx  context.Context
	from io.Reader
	tell func(int64)
}

func (c *counted) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.from.Read(p)
	c.tell(int64(n))
	return n, err
}

// writeFile writes a new file of mode 0600 and more, which is on the disk when it
// returns.
func writeFile(path string, more os.FileMode, from io.Reader) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	if err == nil && more != 0 {
		err = f.Chmod(0o600 | more)
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
