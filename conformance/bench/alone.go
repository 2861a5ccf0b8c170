package main

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"

	"certwright/internal/store/sqlstore"
	"certwright/internal/vault"
)

// A lifted create is what the store was told in one, as callers of the store
// have it: the object as it began and as it ended, its version and messages.
type lifted struct {
	began, ended vault.Object
	version      vault.Version
	messages     []vault.Message
}

// lift has a certificate made and reads what that left in the database.
func (d *database) lift(v *server) (l lifted, err error) {
	all, err := v.callers(1)
	if err != nil {
		return l, err
	}
	store, err := sqlstore.OpenPostgres(context.Background(), d.url)
	if err != nil {
		return l, err
	}
	defer store.Close()
	ref := vault.Ref{Vault: "default", Kind: vault.Certificates, Name: "lifted"}
	if err := all[0].send("POST", "/certificates/lifted/create", selfEC, 202); err != nil {
		return l, err
	}
	read := func(o *vault.Object) error {
		return store.View(context.Background(), func(r vault.Reader) (err error) {
			*o, err = r.Object(ref)
			return err
		})
	}
	if err := read(&l.began); err != nil {
		return l, err
	}
	if err := errors.Join(all[0].send("GET", "/certificates/lifted/pending", "", 200), read(&l.ended)); err != nil {
		return l, err
	}
	err = store.View(context.Background(), func(r vault.Reader) (err error) {
		if l.version, err = r.Version(ref, l.ended.Latest); err != nil {
			return err
		}
		all, err := r.Outbox("", vault.Delivered, 0, 1000)
		for _, m := range all {
			if m.Ref.Key() == ref.Key() {
				l.messages = append(l.messages, m)
			}
		}
		return err
	})
	return l, err
}

// storing is a contender that does creates at the store of this process, in a schema
// of its own: the server's without all that stands above it.
func (d *database) storing(l lifted, callers int) (*contender, func(), error) {
	ctx := context.Background()
	name := d.name + "_store"
	if _, err := d.admin.Exec(ctx, "CREATE SCHEMA "+name); err != nil {
		return nil, nil, err
	}
	store, err := sqlstore.OpenPostgres(ctx, strings.Replace(d.url, "search_path="+d.name, "search_path="+name, 1))
	if err != nil {
		return nil, nil, err
	}
	end := func() { _ = store.Close() }
	if _, err := store.Bind(ctx, vault.RowKeys{Primary: 1, Keys: map[uint32][]byte{1: make([]byte, 32)}}, false); err != nil {
		end()
		return nil, nil, err
	}
	c := &contender{name: "the store alone", pid: os.Getpid(), postmaster: d.postmaster}
	for range callers {
		c.callers = append(c.callers, &caller{})
	}
	c.do = func(*caller) error { return l.put(store, "s-"+strconv.FormatInt(made.Add(1), 10)) }
	return c, end, nil
}

// put stores the create again under another name: as often read, and in as many
// transactions.
func (l lifted) put(store *sqlstore.Store, name string) error {
	ctx := context.Background()
	o, ended, v := l.began, l.ended, l.version
	o.Name, ended.Name, v.Name, o.Rev = name, name, name, 0
	look := func() error {
		return store.View(ctx, func(r vault.Reader) error { _, err := r.Object(o.Ref); return err })
	}
	if err := look(); !errors.Is(err, vault.ErrNotFound) {
		return errors.Join(errors.New("there is one already"), err)
	}
	if err := store.Update(ctx, func(tx vault.Tx) error { return tx.PutObject(&o) }); err != nil {
		return err
	}
	if err := look(); err != nil {
		return err
	}
	ended.Rev = o.Rev
	return store.Update(ctx, func(tx vault.Tx) error {
		err := tx.PutVersion(v)
		for _, m := range l.messages {
			m.Ref.Name = name
			err = errors.Join(err, tx.Append(m))
		}
		return errors.Join(err, tx.PutObject(&ended))
	})
}
