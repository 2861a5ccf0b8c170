package main

import (
	"cmp"

	"certwright/internal/config"
	"certwright/internal/seal"
)

// sealedBy returns the data folder, and the key-encryption keys that a
// configuration names; none where it names none, or there is no configuration:
// then the file keyset.json of the folder is meant.
func (d running) sealedBy(file string) (data string, keks []seal.KEK, err error) {
	var c config.Config
	if file != "" {
		if c, err = config.Read(file); err != nil {
			return "", nil, exitError{exitUsage, err}
		}
	}
	if data, err = (running{Data: cmp.Or(d.Data, c.Data)}).folder(); err != nil || len(c.Keyset.KEKs) == 0 {
		return data, nil, err
	}
	keks, err = c.Keyset.Open("")
	return data, keks, err
}
