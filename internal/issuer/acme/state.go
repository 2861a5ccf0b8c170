package acme

import (
	"encoding/json"
	"slices"
	"time"

	"certwright/internal/challenge"
	"certwright/internal/vault"
)

// state is what an order remembers between steps. What the authority itself
// remembers, such as where the order stands, is asked for and not kept.
type state struct {
	Account    string             `json:"account,omitempty"` // URL of the account that ordered
	Order      string             `json:"order,omitempty"`   // URL
	Settled    []string           `json:"settled,omitempty"` // URLs of authorizations that take no proof
	Proofs     []proof            `json:"proofs,omitempty"`
	Litter     []challenge.Record `json:"litter,omitempty"`      // published and not needed any more
	Sweeps     int                `json:"sweeps,omitempty"`      // times that removing Litter did not work
	Restarts   int                `json:"restarts,omitempty"`    // times that the order was placed anew
	NoReplaces bool               `json:"no_replaces,omitempty"` // the authority would not have the order called a renewal
	Waiting    time.Time          `json:"waiting"`               // since when the authority has been asked the same
	Failure    *vault.Failure     `json:"failure,omitempty"`     // how the order ends once Litter is removed
}

// A proof is what one authorization takes.
type proof struct {
	Authorization string           `json:"authz"`     // URL
	Name          string           `json:"of"`        // the identifier, with "*."
	Challenge     string           `json:"challenge"` // URL
	Record        challenge.Record `json:"record"`
	Presented     time.Time        `json:"presented"`          // zero: not yet
	Accepted      bool             `json:"accepted,omitempty"` // the authority was told to look
	Valid         bool             `json:"valid,omitempty"`    // it has seen the proof
	Tries         int              `json:"tries,omitempty"`    // times that it looked in vain and left the challenge open
	Retry         time.Time        `json:"retry,omitzero"`     // when it is told to look again; zero: its word is awaited
	Said          string           `json:"said,omitempty"`     // what it said when it last looked in vain
}

// readState reads what Step saved. What cannot be read is as good as nothing:
// an order left behind at the authority expires by itself (docs/issuers/acme.md).
func readState(saved []byte) state {
	var s state
	if json.Unmarshal(saved, &s) != nil {
		return state{}
	}
	return s
}

func (s state) bytes() []byte {
	b, err := json.Marshal(s)
	if err != nil {
		return nil // a struct of strings, numbers and times always has a form
	}
	return b
}

// unread returns the authorizations of which nothing is known yet. Their order
// says nothing: Pebble lists them differently at each look.
func (s *state) unread(all []string) []string {
	var urls []string
	for _, url := range all {
		if !slices.Contains(s.Settled, url) && !slices.ContainsFunc(s.Proofs, func(p proof) bool { return p.Authorization == url }) {
			urls = append(urls, url)
		}
	}
	return urls
}

// discard turns all proofs that may be published into litter.
func (s *state) discard() {
	for _, p := range s.Proofs {
		s.Litter = append(s.Litter, p.Record)
	}
	s.Proofs = nil
}

// A reference is what stays with a version, for its revocation and renewal.
type reference struct {
	Directory   string `json:"directory"`
	Account     string `json:"account"`
	Order       string `json:"order"`
	Certificate string `json:"certificate"`
	ARI         string `json:"ari,omitempty"` // the certificate's id in renewal information
}

func readReference(saved []byte) reference {
	var r reference
	if json.Unmarshal(saved, &r) != nil {
		return reference{}
	}
	return r
}

func (r reference) bytes() []byte {
	b, err := json.Marshal(r)
	if err != nil {
		return nil // strings always have a form
	}
	return b
}
