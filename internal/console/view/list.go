package view

import "net/url"

// A List is a page of certificates.
type List struct {
	Filter  Filter
	Rows    []CertRow
	Shown   string // how many of how many, in words
	Next    string // the address of the page after; "" at the end
	First   string // the address of the first page; "" on it
	Vaults  []string
	Issuers []string
	File    string // the address of the list as a file; "" where it is empty
	Here    string // this page's own address, for forms to come back to
	Can     bool   // something may be done with rows

	Counting bool // the first count is under way: nothing is known
}

// A Filter is what a list is narrowed and sorted by.
type Filter struct {
	Text, Vault, Issuer, State, Sort string
	From, To                         string // days of the expiry
}

// An Option is something to choose.
type Option struct{ Value, Word string }

// States are what certificates are told apart by.
var States = []Option{
	{"", "any state"}, {"valid", "valid"}, {"early", "not valid yet"}, {"week", "expires within 7 days"}, {"expired", "expired"}, {"revoked", "revoked"}, {"running", "order in progress"}, {"waiting", "waits for a person"},
	{"failed", "order failed"}, {"cancelled", "order cancelled"}, {"disabled", "disabled"}, {"hand", "needs a person to renew"}, {"failing", "renewal failing"},
}

// Sorts are what lists are sorted by.
var Sorts = []Option{{"", "what expires first"}, {"name", "name"}}

// Query is the filter as an address has it; after is the place to go on after.
func (f Filter) Query(after string) string {
	q := url.Values{}
	for name, value := range map[string]string{"text": f.Text, "vault": f.Vault, "issuer": f.Issuer, "state": f.State, "sort": f.Sort, "from": f.From, "to": f.To, "after": after} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return q.Encode()
}
