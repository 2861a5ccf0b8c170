package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"certwright/internal/admin"
	"certwright/internal/client"
	"certwright/internal/config"
	"certwright/internal/logs"
	"certwright/internal/print"
	"certwright/internal/seal"
	"certwright/internal/server"
)

type keysetCommand struct {
	Status keysetStatusCommand `cmd:"" help:"Show what wraps the data keys, which there are, and how much is sealed under each."`
	Rotate keysetRotateCommand `cmd:"" help:"Change the data key: a new one is published and used, and all that is sealed is sealed anew."`
	Rewrap keysetRewrapCommand `cmd:"" help:"Have the data keys wrapped by the key-encryption keys of the configuration, and by no other."`
	Check  keysetCheckCommand  `cmd:"" help:"Try every key-encryption key of the configuration."`
	Make   keysetMakeCommand   `cmd:"" help:"Make a new keyset file."`
}

// A keyset is the one that a command is about: that of a data folder. Where a
// server runs there, it is asked.
type keyset struct {
	Config       string `help:"The server's configuration file (YAML)." placeholder:"FILE" env:"CERTWRIGHT_CONFIG"`
	Data         string `help:"The data folder (the configuration's, else this user's own)." placeholder:"DIR" env:"CERTWRIGHT_DATA"`
	Store        string `help:"The PostgreSQL database, by its URL, or sqlite for the one in the data folder (the configuration's)." placeholder:"URL"`
	print.Format `embed:""`
}

// with runs do with the keys: those of the running server, or those of the folder.
func (k keyset) with(ctx context.Context, to streams, do func(context.Context, admin.Keyset) error) (err error) {
	ctx, stop := signal.NotifyContext(ctx, ending()...)
	defer stop()
	c, err := k.read(ctx)
	if err != nil {
		return exitError{exitUsage, err}
	}
	running, err := client.Find(ctx, c.Data)
	if err == nil && k.Store != "" {
		return fmt.Errorf("a server runs in %s, which has its own database\nhint: leave --store out to ask it, or name another folder with --data", c.Data)
	}
	if err == nil {
		return do(ctx, client.Keyset{Client: running})
	}
	if !client.NotRunning(err) {
		return err
	}
	keys, err := server.OpenKeys(ctx, c, slog.New(logs.Lines(to.err, slog.LevelInfo)))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, keys.Close()) }()
	return do(ctx, keys)
}

// read returns the configuration, of which only the data folder and the keyset matter here.
func (k keyset) read(ctx context.Context) (c config.Config, err error) {
	if k.Config != "" {
		if c, err = config.Read(k.Config); err != nil {
			return c, err
		}
	}
	if c.Data, err = theFolder(ctx, k.Config, k.Data, c.Data); err != nil {
		return c, err
	}
	of, err := inFolder{c.Data}.keptBy("", cmp.Or(k.Store, c.Store))
	if err != nil {
		return c, err
	}
	return config.Config{Data: of.data, Store: of.store, Keyset: c.Keyset}, errors.Join(c.Keyset.Check()...)
}

type keysetStatusCommand struct {
	keyset `embed:""`
}

// Run shows how the keys are.
func (k keysetStatusCommand) Run(ctx context.Context, to streams) error {
	return k.with(ctx, to, func(ctx context.Context, keys admin.Keyset) error { return k.show(ctx, to, keys) })
}

// show prints how the keys are.
func (k keyset) show(ctx context.Context, to streams, keys admin.Keyset) error {
	s, err := keys.Status(ctx)
	if err != nil {
		return err
	}
	p := k.On(to.out, to.err)
	if !k.People() {
		return p.One(s, strings.Join(s.Wraps, " "), nil)
	}
	if err := print.List(p, dataKeys(s), print.Slice(s.Keys)); err != nil {
		return err
	}
	for _, line := range keysetLines(s) {
		fmt.Fprintln(to.err, line)
	}
	return nil
}

// keysetLines says what wraps the keys, and what is under way or to be done.
func keysetLines(s admin.KeysetStatus) (lines []string) {
	lines = append(lines, "wrapped by "+strings.Join(s.Wraps, ", "))
	if s.Backups != "" {
		lines = append(lines, "backups of single objects are sealed under the backup keys "+s.Backups)
	}
	if len(s.Missing) > 0 {
		lines = append(lines, "not wrapped yet by "+strings.Join(s.Missing, ", ")+", which the configuration names: certwright keyset rewrap")
	}
	if len(s.Stray) > 0 {
		lines = append(lines, "wrapped by "+strings.Join(s.Stray, ", ")+" too, which the configuration does not name: certwright keyset rewrap drops that")
	}
	switch s.Change {
	case "published":
		lines = append(lines, "a new key is published and will be used soon")
	case "resealing":
		lines = append(lines, "what is under earlier keys is being sealed anew; then they are retired")
	}
	if s.Counted != nil {
		lines = append(lines, "counted "+stamp(*s.Counted))
	}
	return lines
}

type keysetRotateCommand struct {
	keyset `embed:""`
}

// Help shows how it is used.
func (keysetRotateCommand) Help() string {
	return `A running server does it in the background, and certwright keyset status shows how far it is; without a server this command does it, and goes on
where it was when it is started again after an end in between. Clients notice nothing. The key-encryption keys stay; rewrap changes those.

Example:
  certwright keyset rotate --config /etc/certwright/config.yaml`
}

// Run changes the data key.
func (k keysetRotateCommand) Run(ctx context.Context, to streams) error {
	return k.with(ctx, to, func(ctx context.Context, keys admin.Keyset) error {
		if err := keys.Rotate(ctx); err != nil {
			return err
		}
		return k.show(ctx, to, keys)
	})
}

type keysetRewrapCommand struct {
	keyset `embed:""`
	KEK    []string `name:"kek" help:"Go on only if the configuration names this one, by its id or its kind (may be repeated)." placeholder:"ID"`
}

// Help shows how it is used.
func (keysetRewrapCommand) Help() string {
	return `To change the key-encryption key without a stop: name the new one before the old under keyset in the configuration, restart the servers one by one,
rewrap; then take the old one out, restart, and rewrap again, which drops its wrap. No value is sealed anew.

Example:
  certwright keyset rewrap --config /etc/certwright/config.yaml`
}

// Run wraps the data keys anew.
func (k keysetRewrapCommand) Run(ctx context.Context, to streams) error {
	return k.with(ctx, to, func(ctx context.Context, keys admin.Keyset) error {
		if err := k.meant(ctx, keys); err != nil {
			return err
		}
		if err := keys.Rewrap(ctx); err != nil {
			return err
		}
		return k.show(ctx, to, keys)
	})
}

// meant refuses where a key-encryption key that was named, by a flag or by the
// configuration as it stands now, is none that the server was started with.
func (k keysetRewrapCommand) meant(ctx context.Context, keys admin.Keyset) error {
	named, err := k.named(ctx)
	if err != nil {
		return err
	}
	if named = append(named, k.KEK...); len(named) == 0 {
		return nil
	}
	all, err := keys.Check(ctx)
	if err != nil {
		return err
	}
	for _, want := range named {
		if !slices.ContainsFunc(all, func(c admin.KEKCheck) bool { return c.KEK == want || strings.HasPrefix(c.KEK, want+":") }) {
			return fmt.Errorf("the configuration in force names no key-encryption key %s\nhint: put it under keyset; a running server takes it at its next start", print.Plain(want))
		}
	}
	return nil
}

// named are the ids of the key-encryption keys that the configuration file names.
func (k keyset) named(ctx context.Context) (ids []string, err error) {
	c, err := k.read(ctx)
	if err != nil || len(c.Keyset.KEKs) == 0 {
		return nil, err
	}
	keks, err := c.Keyset.Open("")
	for _, kek := range keks {
		ids = append(ids, kek.ID())
	}
	return ids, err
}

type keysetCheckCommand struct {
	keyset `embed:""`
}

// Run tries every key-encryption key.
func (k keysetCheckCommand) Run(ctx context.Context, to streams) error {
	return k.with(ctx, to, func(ctx context.Context, keys admin.Keyset) error {
		all, err := keys.Check(ctx)
		if err != nil {
			return err
		}
		bad := 0
		for _, c := range all {
			said := "opens the data keys"
			if c.Error != "" {
				bad++
				said = strings.ReplaceAll(c.Error, "\nhint: ", "; ")
			}
			if k.People() {
				fmt.Fprintf(to.out, "%s: %s\n", c.KEK, said)
			}
		}
		if !k.People() {
			err = print.List(k.On(to.out, to.err), print.Table[admin.KEKCheck]{Name: func(c admin.KEKCheck) string { return c.KEK }}, print.Slice(all))
		}
		if err == nil && bad > 0 {
			return exitError{code: exitFailed}
		}
		return err
	})
}

type keysetMakeCommand struct {
	File string `arg:"" help:"The file to make."`
}

// Help shows how it is used.
func (keysetMakeCommand) Help() string {
	return `A server makes its own keyset file at its first start; this is for one that lies elsewhere, or that systemd encrypts:

  certwright keyset make /root/keyset.json
  systemd-creds encrypt --name=keyset /root/keyset.json /etc/certwright/keyset.cred`
}

// Run makes the file.
func (k keysetMakeCommand) Run(_ context.Context, to streams) error {
	path, err := filepath.Abs(k.File)
	if err != nil {
		return err
	}
	if err := seal.MakeFile(path); err != nil {
		return err
	}
	fmt.Fprintln(to.err, "keep a copy of it apart from the database: without it nothing sealed can be read")
	_, err = fmt.Fprintln(to.out, path)
	return err
}

// dataKeys lists the data keys of a state.
func dataKeys(s admin.KeysetStatus) print.Table[seal.DataKey] {
	values := func(k seal.DataKey) string {
		if s.Counted == nil {
			return "not counted"
		}
		return strconv.Itoa(s.Values[k.ID])
	}
	return print.Table[seal.DataKey]{Columns: []print.Column[seal.DataKey]{
		{Head: "KEY", Cell: func(k seal.DataKey) string { return strconv.FormatUint(uint64(k.ID), 10) }},
		{Head: "STATE", Cell: func(k seal.DataKey) string { return k.State }},
		{Head: "VALUES", Cell: values},
	}}
}
