package challenge

import (
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/miekg/dns"
)

// ErrUnfit says that a record can be published by nobody: its name or value is
// no such thing. Asking again is in vain.
var ErrUnfit = errors.New("the authority's challenge is not fit to be published")

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// The longest token and value that are published; authorities send 43 and 87.
const (
	maxToken = 128
	maxValue = 255 // what one string of a TXT record holds
)

// check returns ErrUnfit unless r holds nothing but what RFC 8555 section 8 puts
// there. An authority's text becomes a file name, an argument and a DNS record
// here, so nothing else may pass.
func (r Record) check() error {
	switch {
	case r.Type != DNS01 && r.Type != HTTP01:
		return fmt.Errorf("%w: its type is %q", ErrUnfit, r.Type)
	case !isHost(r.Domain) && net.ParseIP(r.Domain) == nil:
		return fmt.Errorf("%w: %q is not a domain", ErrUnfit, r.Domain)
	case r.Type == DNS01 && (!dns.IsFqdn(r.Name) || !isHost(strings.TrimSuffix(r.Name, "."))):
		return fmt.Errorf("%w: %q is not the name of a TXT record", ErrUnfit, r.Name)
	case r.Type == HTTP01 && !isToken(r.Name):
		return fmt.Errorf("%w: its token is invalid", ErrUnfit)
	case r.Value == "" || len(r.Value) > maxValue || !madeOf(r.Value, letters+"-_."):
		return fmt.Errorf("%w: its value is invalid", ErrUnfit)
	}
	return nil
}

func isToken(s string) bool {
	return s != "" && len(s) <= maxToken && madeOf(s, letters+"-_")
}

// isHost reports whether s is a DNS name of letters, digits, '-' and '_' that
// no program takes for an option.
func isHost(s string) bool {
	_, ok := dns.IsDomainName(s)
	return ok && s != "" && madeOf(s, letters+"-_.") && s[0] != '-' && s[0] != '.' && s[len(s)-1] != '.'
}

func madeOf(s, set string) bool { return strings.Trim(s, set) == "" }
