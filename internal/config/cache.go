package config

import (
	"errors"
	"fmt"
)

// How old may be what a server answers from its memory, where several share a
// database.
const (
	CacheStrict = "strict" // not older than what any server acknowledged
	CacheSecond = "1s"     // what another server did may be missing for a second
)

// checkCache refuses what is neither, and a server that shares its data with nobody.
func (c Config) checkCache() error {
	switch {
	case c.Cache == "":
		return nil
	case !c.Shared():
		return errors.New("cache: it is for servers that share a PostgreSQL database; this one has its database to itself, and no answer is older than what is in it\nhint: leave cache out, or set store: postgres://...")
	case c.Cache != CacheStrict && c.Cache != CacheSecond:
		return fmt.Errorf("cache: %q is neither strict nor 1s\nhint: strict compares each answer with the database; with 1s what another server did is obeyed within a second", c.Cache)
	}
	return nil
}
