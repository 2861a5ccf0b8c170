package view

import (
	"net/url"
	"strconv"
)

// Objects are a list of keys or of secrets.
type Objects struct {
	Title, Path string
	Noun        string
	Filter      ObjectFilter
	Vaults      []string // whose objects may be listed
	Hidden      string   // what is not here, in words
	Rows        []ObjectRow
	Found       string // how many, in words
	First, Next string // addresses; "" for none
	Others      string // the address of those of certificates, where those are all that there is
}

// An ObjectFilter is what a list of keys or secrets is narrowed and sorted by.
type ObjectFilter struct{ Text, Vault, State, Of, Sort string }

// An ObjectRow is a key or a secret in a list.
type ObjectRow struct {
	Name, Vault, Href string
	What              string // the kind of key, the content type
	Managed           bool   // it is a certificate's
	Versions          string
	States            []Badge
	Expires, Updated  Moment
}

// An Object is the page of a key or a secret.
type Object struct {
	Title, Path, Noun string
	Vault, Name, Href string
	Managed, Enabled  bool
	Certificate       string // the page of the certificate that it is of
	States            []Badge
	Facts             []Fact
	Versions          []ObjectVersion
	More              string // the address of more versions
	Update, Delete    bool
	Value             bool // it may be downloaded
}

// An ObjectVersion is one of its versions.
type ObjectVersion struct {
	ID            string
	Current       bool
	States        []Badge
	Made, Expires Moment
}

// AskAgain is what asks again before something secret is given out.
type AskAgain struct {
	List, Path  string // where it is listed
	Vault, Name string
	Href, To    string // its page, and where the form leads
	Title, Noun string
	Words       string
	Forms       []Option // none: it has but one
}

// What lists of keys and secrets are narrowed and sorted by.
var (
	objectStates = []Option{{"", "any state"}, {"enabled", "enabled"}, {"disabled", "disabled"}, {"soon", "expires within 30 days"}, {"expired", "expired"}}
	objectsOf    = []Option{{"", "those of no certificate"}, {"certificates", "those of certificates"}, {"all", "all"}}
	objectSorts  = []Option{{"", "name"}, {"expires", "what expires first"}, {"enabled", "disabled ones first"}}
)

// Address is that of the list after a place, without the first that are found
// there, with the same filter.
func (l Objects) Address(after string, skip int) string {
	q := url.Values{}
	if skip > 0 {
		q.Set("skip", strconv.Itoa(skip))
	}
	for name, value := range map[string]string{"text": l.Filter.Text, "vault": l.Filter.Vault, "state": l.Filter.State, "of": l.Filter.Of, "sort": l.Filter.Sort, "after": after} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return l.Path + "?" + q.Encode()
}
