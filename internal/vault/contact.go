package vault

import (
	"net/mail"
	"strings"
	"unicode"
)

// A Contact is told about a vault's certificates. Empty members were not given.
type Contact struct {
	Email, Name, Phone string
	Later              Later `json:"-"`
}

// MaxContacts bounds the list of a vault: every mail is one for each contact.
const MaxContacts = 500

// CheckContacts refuses a list with an address that no mail can go to: nobody
// would hear of it before a mail is lost.
func CheckContacts(list []Contact) error {
	if len(list) > MaxContacts {
		return Bad("contacts holds more than %d contacts.", MaxContacts)
	}
	for i, c := range list {
		if !IsAddress(c.Email) {
			return Bad("contacts[%d].email %q is not a mail address: write one as in ops@example.org.", i, Clip(c.Email, 80))
		}
	}
	return nil
}

// CheckAdmins refuses administrators of an issuer with an address that no mail
// can go to; one without an address may stand there.
func CheckAdmins(list []Admin) error {
	for i, a := range list {
		if a.Email != "" && !IsAddress(a.Email) {
			return Bad("org_details.admin_details[%d].email %q is not a mail address: write one as in ops@example.org.", i, Clip(a.Email, 80))
		}
	}
	return nil
}

// maxAddress is the longest address that fits a path of SMTP (RFC 5321 section 4.5.3.1.3).
const maxAddress = 254

// IsAddress reports whether a text is one mail address and nothing else, which
// can stand in a header and in SMTP. Whether its domain takes mail is not looked
// up.
func IsAddress(text string) bool {
	a, err := mail.ParseAddress(text)
	return err == nil && a.Name == "" && a.Address == text && len(text) <= maxAddress &&
		!strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) || strings.ContainsRune(" <>\"\\,;:()", r) })
}

// Addresses are those of the contacts that have one.
func Addresses(contacts []Contact) (to []string) {
	for _, c := range contacts {
		if c.Email != "" {
			to = append(to, c.Email)
		}
	}
	return to
}
