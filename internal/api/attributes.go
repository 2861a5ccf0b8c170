package api

import (
	"time"

	"certwright/internal/service"
	"certwright/internal/vault"
)

// attributesIn are the attributes of a request. Of a certificate, nbf and exp
// are read and ignored: its dates are always its own (docs/contract/certificates.md).
type attributesIn struct {
	Enabled   *bool    `json:"enabled"`
	NotBefore *float64 `json:"nbf"`
	Expires   *float64 `json:"exp"`
}

// enabled returns what the client asked for; nil where it did not.
func (a *attributesIn) enabled() *bool {
	if a == nil {
		return nil
	}
	return a.Enabled
}

// input returns the attributes as keys and secrets take them.
func (a *attributesIn) input() (in service.AttributesInput, err error) {
	if a == nil {
		return in, nil
	}
	in.Enabled = a.Enabled
	if in.NotBefore, err = moment("attributes.nbf", a.NotBefore); err == nil {
		in.Expires, err = moment("attributes.exp", a.Expires)
	}
	return in, err
}

// latest is the end of year 9999, in Unix seconds.
const latest = 253402300799

func moment(field string, s *float64) (*time.Time, error) {
	if s == nil {
		return nil, nil
	}
	if *s < 0 || *s > latest {
		return nil, vault.Bad("%s must be a time in Unix seconds, from 0 to %d.", field, int64(latest))
	}
	t := time.Unix(int64(*s), 0).UTC()
	return &t, nil
}
