package api

import (
	"certwright/internal/service"
	"certwright/internal/wire"
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
	if in.NotBefore, err = wire.Time("attributes.nbf", a.NotBefore); err == nil {
		in.Expires, err = wire.Time("attributes.exp", a.Expires)
	}
	return in, err
}
