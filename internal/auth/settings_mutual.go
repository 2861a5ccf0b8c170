package auth

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"certwright/internal/setting"
)

// MutualSettings are what an operator writes under `auth.mtls:`: callers may
// show a client certificate instead of a token.
type MutualSettings struct {
	CA      string // a PEM file with the authorities whose client certificates are taken
	Subject string // what of the certificate is the subject: san_uri (unless set), san_dns or common_name
}

// Fields implements setting.Settings.
func (m *MutualSettings) Fields() []setting.Field {
	return []setting.Field{setting.File("ca", &m.CA), setting.Text("subject", &m.Subject)}
}

// What of a client certificate may be the caller's subject.
const (
	subjectURI    = "san_uri"
	subjectDNS    = "san_dns"
	subjectCommon = "common_name"
)

// Check reports what will not do, without looking at files.
func (m *MutualSettings) Check() (wrong []error) {
	if m.CA == "" {
		wrong = append(wrong, errors.New("ca: is missing; write the file with the authorities whose client certificates are taken"))
	}
	if all := []string{subjectURI, subjectDNS, subjectCommon}; m.Subject != "" && !slices.Contains(all, m.Subject) {
		wrong = append(wrong, fmt.Errorf("subject: %q is unknown; write one of %s", m.Subject, strings.Join(all, ", ")))
	}
	return wrong
}
