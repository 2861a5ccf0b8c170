package notify

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"certwright/internal/outbound"
	"certwright/internal/setting"
	"certwright/internal/vault"
)

// MailSettings are what an operator writes under `smtp:`.
type MailSettings struct {
	Host         string // HOST or HOST:PORT of the mail server; the port follows tls where it is missing
	From         string // sender of all mails, as in Certificates <certs@example.org>
	User         string // signs in as; "" does not sign in
	PasswordFile string // file with the user's password, read for each mail
	TLS          string // starttls (unless set, port 587), tls (port 465) or none (port 25)
	CABundle     string // a PEM file to trust instead of the system's authorities
	Hello        string // the name to greet with; the domain of from unless set
}

// Fields implements setting.Settings.
func (m *MailSettings) Fields() []setting.Field {
	return []setting.Field{
		setting.Text("host", &m.Host),
		setting.Text("from", &m.From),
		setting.Text("user", &m.User),
		setting.File("password_file", &m.PasswordFile),
		setting.Text("tls", &m.TLS),
		setting.File("ca_bundle", &m.CABundle),
		setting.Text("hello", &m.Hello),
	}
}

// The values of MailSettings.TLS.
const (
	startTLS = "starttls"
	fullTLS  = "tls"
	noTLS    = "none"
)

func (s MailSettings) withDefaults() MailSettings {
	s.TLS = cmp.Or(s.TLS, startTLS)
	port := map[string]string{startTLS: "587", fullTLS: "465", noTLS: "25"}[s.TLS]
	if _, _, err := net.SplitHostPort(s.Host); err != nil && s.Host != "" && port != "" {
		s.Host = net.JoinHostPort(strings.Trim(s.Host, "[]"), port)
	}
	return s
}

var hostName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*\.?$`)

// Check tells what will not do, without looking at files or the network.
func (s MailSettings) Check() (wrong []error) {
	s = s.withDefaults()
	if s.Host == "" {
		wrong = append(wrong, errors.New("host: is missing; write the mail server, as in mail.example.org:587"))
	} else if !isHostPort(s.Host) {
		wrong = append(wrong, fmt.Errorf("host: %q is not a valid server; write HOST or HOST:PORT, as in mail.example.org:587", s.Host))
	}
	if a, err := mail.ParseAddress(s.From); s.From == "" {
		wrong = append(wrong, errors.New("from: is missing; write the sender's address, as in certs@example.org"))
	} else if err != nil || !vault.IsAddress(a.Address) {
		wrong = append(wrong, fmt.Errorf("from: %q is not a valid address; write one as in certs@example.org or Certificates <certs@example.org>", s.From))
	} else if s.Hello == "" && !hostName.MatchString(domain(a.Address)) {
		wrong = append(wrong, fmt.Errorf("hello: is missing; the server cannot be greeted as %q, the sender's domain: write the name of this machine", domain(a.Address)))
	}
	if !slices.Contains([]string{startTLS, fullTLS, noTLS}, s.TLS) {
		wrong = append(wrong, fmt.Errorf("tls: %q must be starttls, tls or none", s.TLS))
	}
	if (s.User == "") != (s.PasswordFile == "") {
		wrong = append(wrong, errors.New("user: and password_file go together; write both or none"))
	}
	if host, _, _ := net.SplitHostPort(s.Host); s.User != "" && s.TLS == noTLS && !outbound.IsLocal(host) {
		wrong = append(wrong, errors.New("user: a password needs tls: starttls or tls; without TLS anybody on the way could read it"))
	}
	if s.CABundle != "" && s.TLS == noTLS {
		wrong = append(wrong, errors.New("ca_bundle: means nothing with tls: none; leave one of them out"))
	}
	if s.Hello != "" && !hostName.MatchString(s.Hello) {
		wrong = append(wrong, fmt.Errorf("hello: %q is not a valid host name; write the name of this machine", s.Hello))
	}
	return wrong
}

func isHostPort(s string) bool {
	host, port, err := net.SplitHostPort(s)
	n, portErr := strconv.ParseUint(port, 10, 16)
	_, ipErr := netip.ParseAddr(host)
	return err == nil && portErr == nil && n > 0 && (ipErr == nil || hostName.MatchString(host))
}
