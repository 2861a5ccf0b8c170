package digicert

import (
	"encoding/json"
	"fmt"
	"time"
)

// The stages of an order.
const (
	stagePlacing = "placing" // it is settled what to order; whether it was ordered, the claim tells
	stagePlaced  = "placed"  // the order's number is known
)

// A notebook is Progress.State: where an order stands.
type notebook struct {
	Stage     string  `json:"stage"`
	Reissue   int64   `json:"reissue,omitempty"`    // the order to be reissued, instead of a new one
	Since     int64   `json:"since,omitempty"`      // the newest certificate of the order to be reissued
	RenewalOf int64   `json:"renewal_of,omitempty"` // the order that the new one renews
	Seen      []int64 `json:"seen,omitempty"`       // orders looked into that are not ours

	Order       int64  `json:"order,omitempty"`
	Certificate int64  `json:"certificate,omitempty"` // if the answer to the order named one
	DCV         string `json:"dcv,omitempty"`         // the random value that proves a domain
	Polls       int    `json:"polls,omitempty"`
	Misses      int    `json:"misses,omitempty"` // times that the order, or its certificate, was not there
}

func readNotebook(state []byte) (notebook, error) {
	var n notebook
	if len(state) == 0 {
		return n, nil
	}
	if err := json.Unmarshal(state, &n); err != nil {
		return n, fmt.Errorf("read the state of the order: %w", err)
	}
	return n, nil
}

func (n notebook) bytes() []byte { return encode(n) }

// A reference is Progress.Ref: where a version came from.
type reference struct {
	Order       int64 `json:"order"`
	Certificate int64 `json:"certificate,omitempty"`
}

func readReference(ref []byte) reference {
	var r reference
	_ = json.Unmarshal(ref, &r) // what cannot be read names no order
	return r
}

// encode writes plain structs, which cannot fail.
func encode(v any) []byte {
	text, _ := json.Marshal(v)
	return text
}

// ladder is when to look at a pending order again (docs/issuers/digicert.md): at
// once, then ever more seldom, since validation takes days.
func (n notebook) ladder() time.Duration {
	steps := []time.Duration{15 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute}
	if n.Polls < len(steps) {
		return steps[n.Polls]
	}
	return 30 * time.Minute
}
