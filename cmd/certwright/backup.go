package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"certwright/internal/backup"
	"certwright/internal/clock"
	"certwright/internal/print"
	"certwright/internal/seal"
)

type backupCommand struct {
	To           string `arg:"" help:"The file to make, or a folder, in which the backup gets a name with the time."`
	WithKeyset   bool   `help:"Put keyset.json into it too. Whoever can read the backup then has every private key and secret in it."`
	print.Format `embed:""`
	Config       string `help:"The server's configuration file (YAML), where it names the database, or what wraps the data keys; that is tried on the backup." placeholder:"FILE" env:"CERTWRIGHT_CONFIG"`
	Store        string `help:"The PostgreSQL database, by its URL, or sqlite for the one in the data folder (the configuration's)." placeholder:"URL"`
	inFolder     `embed:""`
}

// Help shows how it is used.
func (backupCommand) Help() string {
	return `The backup is one tar file of mode 0600: the database as it was at one moment, and the TLS authority (ca.pem and its key). A server may run
meanwhile and is not held up. Left out are the configuration file and what it names, and keyset.json: without a copy of that, kept elsewhere, no
private key, secret or password in the backup can ever be read.

The backup of a PostgreSQL database that servers share is the same: either can be restored into the other.

Examples:
  certwright backup /var/backups/certwright --config /etc/certwright/config.yaml
  certwright backup /var/backups/certwright --data /var/lib/certwright
  cp -p /var/lib/certwright/keyset.json /a/safe/place/      once, and after it was rotated`
}

// Run makes the backup and says what it is.
func (b backupCommand) Run(ctx context.Context, to streams) error {
	ctx, stop := signal.NotifyContext(ctx, ending()...)
	defer stop()
	if b.Config == "" {
		data, err := inUse(ctx, b.Data)
		if err != nil {
			return err
		}
		b.Data = data
	}
	of, err := b.keptBy(b.Config, b.Store)
	if err != nil {
		return err
	}
	data, keks := of.data, of.keks
	made, err := backup.Take(ctx, backup.Request{
		Data: data, Store: of.store, To: b.To, WithKeyset: b.WithKeyset, KEKs: keks, Program: buildOf().number(), Progress: progressOn(to.err),
	})
	if err != nil {
		return err
	}
	if !b.People() {
		return b.On(to.out, to.err).One(made, made.File, nil)
	}
	fmt.Fprintf(to.err, "%s as of %s, verified%s\n", bytesOf(made.Size), stamp(made.Made), opened(made, keysetFile(keks, data)))
	if len(made.Missing) > 0 {
		fmt.Fprintf(to.err, "certwright: warning: %s was not there; clients will have to trust a new authority after a restore\n", strings.Join(made.Missing, " and "))
	}
	if b.WithKeyset {
		fmt.Fprintln(to.err, "keyset.json is in it: whoever can read this file has every private key and secret in it")
	} else {
		fmt.Fprintln(to.err, needs(made, keysetFile(keks, data)))
	}
	_, err = fmt.Fprintln(to.out, made.File)
	return err
}

// keysetFile is the path of the keyset file.
func keysetFile(keks []seal.KEK, data string) string {
	for _, kek := range keks {
		if file, ok := kek.(*seal.FileKEK); ok {
			return file.Path()
		}
	}
	return filepath.Join(data, seal.File)
}

// opened says what opened the seals; "" if nothing was there to.
func opened(r backup.Report, file string) string {
	switch {
	case r.Opened && (len(r.Needs) == 0 || slices.ContainsFunc(r.Needs, seal.IsFile)):
		return "; " + file + " opens it"
	case r.Opened:
		return "; " + strings.Join(r.Needs, " or ") + " opens it"
	case r.Closed != "":
		return "; its seals were not tried: " + r.Closed
	}
	return ""
}

// needs says without what the seals of a backup stay closed.
func needs(r backup.Report, file string) string {
	if others := slices.DeleteFunc(slices.Clone(r.Needs), seal.IsFile); len(others) > 0 {
		return "what opens it is not in it: without the key " + strings.Join(r.Needs, " or ") + " nothing sealed in it can be read"
	}
	return "keyset.json is not in it: without a copy of " + file + ", kept elsewhere, nothing sealed in it can be read"
}

// bytesOf writes a size as people read it.
func bytesOf(n int64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%d kB", (n+1023)>>10)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
}

// progressOn returns what tells how far something is, every two seconds, on a
// terminal; nil elsewhere.
func progressOn(w io.Writer) func(doing string, part, whole float64) {
	f, ok := w.(*os.File)
	if !ok {
		return nil
	}
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return nil
	}
	return progressEvery(w, moveWords)
}

func progressEvery(w io.Writer, every time.Duration) func(doing string, part, whole float64) {
	last := clock.Real{}.Now()
	return func(doing string, part, whole float64) {
		if now := (clock.Real{}).Now(); now.Sub(last) >= every && whole > 0 {
			last = now
			fmt.Fprintf(w, "%s: %.0f %%\n", doing, 100*part/whole)
		}
	}
}
