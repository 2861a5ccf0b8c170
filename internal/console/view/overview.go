package view

import "certwright/internal/console/chart"

// An Overview is the first page.
type Overview struct {
	Numbers  []Number
	Timeline chart.Drawing
	Next     []CertRow
	Health   []Health
	Counted  Moment // when; zero: the first count is under way
	None     bool   // there is no certificate at all
	Seen     string // by which the page is told from what comes after
}

// A Number is something that was counted, and where it is listed.
type Number struct {
	Count       int
	Word, Words string // of one, of more
	Tone        string
	Href        string
}

// A CertRow is a certificate in a list.
type CertRow struct {
	Vault, Name string
	Href        string
	Issuer      string
	Subject     string
	Expires     Moment
	Renews      Moment
	States      []Badge
	Last        string
	Value       string // by which a form names it
}

// Health is how something that the server needs is.
type Health struct {
	What  string
	State Badge
	Words string
}

func (n Number) word() string {
	if n.Count == 1 {
		return n.Word
	}
	return n.Words
}

func (n Number) tone() string {
	if n.Count == 0 {
		return ""
	}
	return n.Tone
}
