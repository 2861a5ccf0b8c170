package admin

import (
	"context"
	"errors"
	"net/http"
	"time"

	"certwright/internal/seal"
	"certwright/internal/vault"
)

// Keyset is what people may do with the keys by which all is sealed.
type Keyset interface {
	Status(context.Context) (KeysetStatus, error)
	// Rotate begins a change of the data key, or lets the one under way go on.
	Rotate(context.Context) error
	// Rewrap has the data keys wrapped by the configuration's key-encryption keys and by no other.
	Rewrap(context.Context) error
	// Check has each key-encryption key open what it wrapped.
	Check(context.Context) ([]KEKCheck, error)
}

// A KeysetStatus says how the keys are, and what is sealed under which.
type KeysetStatus struct {
	seal.Status
	Change   string         `json:"change"`            // none, published or resealing
	Values   map[uint32]int `json:"values,omitempty"`  // sealed values by the number of their key
	Counted  *time.Time     `json:"counted,omitempty"` // when the count began
	Complete bool           `json:"counted_all"`       // it came to its end
}

// A KEKCheck is what came of trying a key-encryption key.
type KEKCheck struct {
	KEK   string `json:"kek"`
	Error string `json:"error,omitempty"`
}

func keysetStatus(h *Handler, r *http.Request) (answer, error) {
	s, err := h.Keyset.Status(r.Context())
	return answer{body: s}, err
}

func keysetRotate(h *Handler, r *http.Request) (answer, error) {
	return h.keysetDone(r, h.Keyset.Rotate)
}

func keysetRewrap(h *Handler, r *http.Request) (answer, error) {
	return h.keysetDone(r, h.Keyset.Rewrap)
}

// keysetDone does something and answers how the keys are then. What the
// key-encryption keys say against it is for who asks; it holds nothing secret.
func (h *Handler) keysetDone(r *http.Request, do func(context.Context) error) (answer, error) {
	if err := begins(r, vault.Ref{}); err != nil {
		return answer{}, err
	}
	if err := do(r.Context()); err != nil {
		if vault.IsStorageFault(err) || errors.Is(err, vault.ErrStale) {
			return answer{}, err
		}
		h.Log.Warn("the keyset was not changed", "error", err)
		return answer{}, &vault.Error{Reason: vault.Conflict, Code: "KeysetUnchanged", Message: err.Error()}
	}
	return keysetStatus(h, r)
}

func keysetCheck(h *Handler, r *http.Request) (answer, error) {
	all, err := h.Keyset.Check(r.Context())
	return answer{body: all}, err
}
