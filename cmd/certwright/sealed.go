package main

import (
	"cmp"
	"fmt"

	"certwright/internal/config"
	"certwright/internal/seal"
	"certwright/internal/store/sqlstore"
)

// A kept is where a server keeps its data, and what opens them.
type kept struct {
	data  string     // the folder
	store string     // the URL of its PostgreSQL database; "" where it lies in the folder
	keks  []seal.KEK // that the configuration names; none: the file keyset.json of the folder is meant
}

// keptBy returns where the server of a configuration, of which there may be
// none, keeps its data. The flags, of which store may be sqlite, win over it.
func (d inFolder) keptBy(file, store string) (k kept, err error) {
	var c config.Config
	if file != "" {
		if c, err = config.Read(file); err != nil {
			return k, exitError{exitUsage, err}
		}
	}
	if c.Store = cmp.Or(store, c.Store); c.Shared() {
		if err := sqlstore.CheckPostgres(c.Store); err != nil {
			return k, exitError{exitUsage, fmt.Errorf("store: %w", err)}
		}
		k.store = c.Store
	}
	if k.data, err = (inFolder{cmp.Or(d.Data, c.Data)}).folder(); err == nil && len(c.Keyset.KEKs) > 0 {
		k.keks, err = c.Keyset.Open("")
	}
	return k, err
}
