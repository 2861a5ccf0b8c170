package api

import (
	"encoding/base64"

	"certwright/internal/vault"
	"certwright/internal/wire"
)

// releaseJSON is a release policy both ways, in the recorded order of members.
// The service keeps it as it is encoded here.
type releaseJSON struct {
	ContentType string `json:"contentType"`
	Data        string `json:"data"`
	Immutable   bool   `json:"immutable"`
}

// releaseType is the contentType of a policy that was sent without (recorded,
// go-keys/TestReleaseKey).
const releaseType = "application/json; charset=utf-8"

type releaseIn struct {
	ContentType string  `json:"contentType"`
	Data        *string `json:"data"`
	Immutable   bool    `json:"immutable"`
}

// keep returns the policy as it is kept; nil where none was sent.
func (r *releaseIn) keep(v wire.Version) ([]byte, error) {
	if r == nil || !v.Has(wire.KeyExportable) {
		return nil, nil
	}
	data, err := wire.Octets("release_policy.data", r.Data)
	if err != nil {
		return nil, err
	}
	if len(data) == 0 {
		return nil, vault.MissingProperty("release_policy.data")
	}
	out := releaseJSON{r.ContentType, base64.RawURLEncoding.EncodeToString(wire.TidyPolicy(data)), r.Immutable}
	if out.ContentType == "" {
		out.ContentType = releaseType
	}
	return wire.Encode(out)
}
