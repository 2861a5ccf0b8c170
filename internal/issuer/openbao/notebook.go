package openbao

import (
	"encoding/json"
	"fmt"
)

// A notebook is an order's state between steps.
type notebook struct {
	By   string `json:"by,omitempty"`   // the process that announced the signing; "": none did
	Lost bool   `json:"lost,omitempty"` // an answer was lost: there may be a certificate
}

func readNotebook(state []byte) (n notebook, err error) {
	if len(state) == 0 {
		return n, nil
	}
	if err = json.Unmarshal(state, &n); err != nil {
		err = fmt.Errorf("read the state of the order: %w", err)
	}
	return n, err
}

func (n notebook) write() []byte { return asJSON(n) }

// doubt tells of a certificate that may lie at the server unused; "" if there
// is none. Listing what the server signed would take it longer than signing.
func (n notebook) doubt(i *Issuer) string {
	where := fmt.Sprintf("the server at %s may have signed a certificate that nobody received; it has the same key and lies in the list of %s", i.host, i.Settings.Mount)
	switch {
	case n.Lost:
		return "An answer was lost before, so " + where + "."
	case n.By != "" && n.By != i.instance:
		return "Another process, or this one before it was restarted, may have asked already, so " + where + "."
	}
	return ""
}

// A reference is what is kept with a version for its revocation.
type reference struct {
	Serial string `json:"serial"` // lower-case hex with colons, as the server writes it
}

func (r reference) write() []byte { return asJSON(r) }

// asJSON writes strings and flags, which cannot go wrong.
func asJSON(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	return text
}
