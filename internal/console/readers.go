package console

import (
	"net/http"
	"slices"

	"certwright/internal/access"
	"certwright/internal/console/view"
	"certwright/internal/vault"
)

// readers says who may take the private key of a certificate, and who may have
// it used, to who may read permissions.
func (c *Console) readers(r *http.Request, ref vault.Ref, exportable bool) []view.Readers {
	if c.Givers == nil || !c.may(r.Context(), c.who(r), access.ReadAccess, vault.Ref{}) {
		return nil
	}
	use, narrowed := c.Givers("keys/sign", ref.As(vault.Keys))
	decrypt, _ := c.Givers("keys/decrypt", ref.As(vault.Keys))
	use = slices.Compact(slices.Sorted(slices.Values(slices.Concat(use, decrypt))))
	take, _ := c.Givers(secretAction, ref.As(vault.Secrets))
	note := ""
	if narrowed {
		note = ", from addresses that the network rules of the vault let in"
	}
	all := []view.Readers{{Words: "Nobody may take it: the key is not exportable, and never leaves the server."}}
	if exportable {
		all = []view.Readers{givenTo("These may take it, by reading the secret "+ref.Name, "Nobody may take it: no assignment or access policy gives the secret "+ref.Name+" to anybody.", note, take)}
	}
	return append(all, givenTo("These may have the server sign or decrypt with it", "Nobody may have the server sign or decrypt with it.", note, use))
}

func givenTo(some, none, note string, who []string) view.Readers {
	if len(who) == 0 {
		return view.Readers{Words: none}
	}
	return view.Readers{Words: some + note + ":", Who: who}
}
