package view

import "strings"

// A Certificate is the page of one certificate.
type Certificate struct {
	Vault, Name string
	Href        string
	Tab         string
	States      []Badge
	Sentence    string // its state in words
	Expires     Moment
	Renews      Moment
	Issuer      string
	Enabled     bool
	Versioned   bool // there is a version
	Key         bool // its key may be downloaded

	Order    *Order // nil: there is none
	Details  *Details
	Readers  []Readers // of the key; none where that is not told
	Chain    []Link509
	Versions []Version
	More     string // the address of more versions
	Policy   PolicyForm
	JSON     string
	Tags     string // a line each
	Signed   string // what was pasted to be merged, and refused
	May      May
	Seen     string            // by which the page is told from what comes after
	Shown    map[string]string // the same of what a button is about, by its name
}

// May says which buttons are shown.
type May struct{ Create, Update, Delete, Decide, Retry, Revoke, Key bool }

// An Order is an operation with what happened to it.
type Order struct {
	RequestID string
	State     Badge
	Words     string // what it waits for, or how it ended
	Issuer    string
	Provider  string
	Since     Moment
	Again     Moment
	Until     Moment
	Next      Moment
	Attempt   int
	Running   bool
	Manual    bool // a person merges the certificate
	Merge     bool // it may be completed by a merge
	Asks      bool // for an operator's word
	Cancels   bool // a cancel is asked for
	Retry     bool // it may be tried at once
	CSR       bool
	Renewal   bool
	History   []Step
}

// A Step is a line of an order's history.
type Step struct {
	At    Moment
	Times int
	Last  Moment
	Text  string
}

// Details are what a version says of itself.
type Details struct {
	ID, Subject, Issuer, Serial string
	SHA1, SHA256                string
	Names                       []string
	Key                         string
	Usage, EKUs                 []string
	From, To                    Moment
	Made                        Moment
	Identifiers                 []Identifier
}

// Readers are who may do something with a key, by what gives it to them.
type Readers struct {
	Words string
	Who   []string
}

// An Identifier is an address that programs use.
type Identifier struct{ Word, ID, URL string }

// A Link509 is a certificate of a chain.
type Link509 struct {
	Subject, Issuer string
	To              Moment
	Self            bool
}

// A Version is a line of the list of versions.
type Version struct {
	ID, Thumbprint string
	Current        bool
	State          Badge
	Made, Expires  Moment
}

// PolicyForm is a policy as a form has it.
type PolicyForm struct {
	Issuer, Subject    string
	DNS, Emails, IPs   string // a line each
	Key                string // RSA-2048, EC-P-256, ...
	Reuse, Exportable  bool
	Months             string
	Content            string
	Action             string // AutoRenew or EmailContacts
	Trigger            string // percent or days
	At                 string
	Issuers            []string
	Odd                string // what the form cannot show, so that only the JSON changes it
	Transparency, Type string
}

// Keys are the kinds of key that the forms offer.
var Keys = []Option{{"RSA-2048", "RSA 2048"}, {"RSA-3072", "RSA 3072"}, {"RSA-4096", "RSA 4096"},
	{"EC-P-256", "EC P-256"}, {"EC-P-384", "EC P-384"}, {"EC-P-521", "EC P-521"}, {"EC-P-256K", "EC P-256K"}}

func (c Certificate) tab(name string) string { return c.Href + "?tab=" + name }

func (c Certificate) said() string {
	text := c.Sentence
	if c.Order != nil && !strings.Contains(text, c.Order.Words) {
		text += " " + c.Order.Words
	}
	return strings.TrimSpace(text)
}
