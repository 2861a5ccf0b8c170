package tokens

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"certwright/internal/setting"
)

// ClientSettings are one client: who it is and how it proves that.
type ClientSettings struct {
	ID, Name      string
	Groups, Roles []string // what its tokens say of it
	Secrets       []SecretSettings
	Certificates  []CertificateSettings
	Federated     []FederatedSettings
}

// Fields implements setting.Settings.
func (c *ClientSettings) Fields() []setting.Field {
	return []setting.Field{
		setting.Text("id", &c.ID), setting.Text("name", &c.Name),
		setting.Texts("groups", &c.Groups), setting.Texts("roles", &c.Roles),
		setting.List("secrets", &c.Secrets), setting.List("certificates", &c.Certificates), setting.List("federated", &c.Federated),
	}
}

// SecretSettings are what is kept of a secret.
type SecretSettings struct {
	Hash    string
	Expires string // a day, or a moment as RFC 3339 has it; "" for never
}

// Fields implements setting.Settings.
func (s *SecretSettings) Fields() []setting.Field {
	return []setting.Field{setting.Text("hash", &s.Hash), setting.Text("expires", &s.Expires)}
}

// CertificateSettings name whose key may sign a client's assertions: the
// certificate in a file; or one with a thumbprint, or one of an authority with
// a subject, which the assertion must bring along in x5c.
type CertificateSettings struct {
	File    string
	X5T     string
	CA      string
	Subject string
}

// Fields implements setting.Settings.
func (c *CertificateSettings) Fields() []setting.Field {
	return []setting.Field{setting.File("file", &c.File), setting.Text("x5t_s256", &c.X5T), setting.File("ca", &c.CA), setting.Text("subject", &c.Subject)}
}

// FederatedSettings are a token of another issuer that stands for a client.
type FederatedSettings struct {
	Issuer   string // its name below auth.issuers, which has federation: true
	Subject  string // exact
	Audience string // exact; "" is DefaultFederatedAudience
}

// DefaultFederatedAudience is what Azure's workload identity webhook asks for.
const DefaultFederatedAudience = "api://AzureADTokenExchange"

// Fields implements setting.Settings.
func (f *FederatedSettings) Fields() []setting.Field {
	return []setting.Field{setting.Text("issuer", &f.Issuer), setting.Text("subject", &f.Subject), setting.Text("audience", &f.Audience)}
}

var clientID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// checkClients reports what will not do with the clients of a file.
func checkClients(all []ClientSettings) (wrong []error) {
	seen := map[string]bool{}
	for i, c := range all {
		for _, err := range c.check() {
			wrong = append(wrong, fmt.Errorf("clients: item %d (%s): %w", i+1, c.Label(), err))
		}
		for _, name := range c.names() {
			if seen[name] {
				wrong = append(wrong, fmt.Errorf("clients: item %d: another client has the name or id %q", i+1, name))
			}
			seen[name] = true
		}
	}
	return wrong
}

// names are what a client may be called by: ids and names are of one space,
// and case does not matter.
func (c ClientSettings) names() []string {
	names := []string{strings.ToLower(c.ID)}
	if name := strings.ToLower(c.Name); name != "" && name != names[0] {
		names = append(names, name)
	}
	return names
}

// Called reports whether a name or id is the client's.
func (c ClientSettings) Called(name string) bool {
	return name != "" && slices.Contains(c.names(), strings.ToLower(name))
}

// Label is what people call the client.
func (c ClientSettings) Label() string { return cmp.Or(c.Name, c.ID) }

// Check tells what will not do.
func (c ClientSettings) Check() error { return errors.Join(c.check()...) }

func (c ClientSettings) check() (wrong []error) {
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	if !clientID.MatchString(c.ID) {
		say("id: %q must be 1 to 64 letters, digits, '-', '.' and '_', the first a letter or digit; certwright client add makes one", c.ID)
	}
	if c.Name != "" && !clientID.MatchString(c.Name) {
		say("name: %q must be 1 to 64 letters, digits, '-', '.' and '_', the first a letter or digit", c.Name)
	}
	if len(c.Secrets) > maxSecrets {
		say("secrets: there are %d; a client may have %d, the one in use and the one that follows it", len(c.Secrets), maxSecrets)
	}
	for i, s := range c.Secrets {
		if _, err := parseSecret(s); err != nil {
			say("secrets: item %d: %w", i+1, err)
		}
	}
	for i, cert := range c.Certificates {
		if err := cert.check(); err != nil {
			say("certificates: item %d: %w", i+1, err)
		}
	}
	for i, f := range c.Federated {
		if f.Issuer == "" || f.Subject == "" {
			say("federated: item %d: issuer and subject must both be set", i+1)
		}
	}
	return wrong
}

// A client is one that the service knows.
type client struct {
	id, name      string
	groups, roles []string
	secrets       secrets
	certificates  []certificate
	federated     []FederatedSettings
}

// label is what people call the client.
func (c *client) label() string { return cmp.Or(c.name, c.id) }

// openClient reads what a client's settings name. Check found nothing wrong.
func openClient(c ClientSettings) (*client, error) {
	out := &client{id: c.ID, name: c.Name, groups: c.Groups, roles: c.Roles}
	for i, s := range c.Secrets {
		kept, err := parseSecret(s)
		if err != nil {
			return nil, err
		}
		out.secrets[i] = kept
	}
	for _, s := range c.Certificates {
		cert, err := openCertificate(s)
		if err != nil {
			return nil, fmt.Errorf("client %s: %w", c.Label(), err)
		}
		out.certificates = append(out.certificates, cert)
	}
	for _, f := range c.Federated {
		if f.Audience == "" {
			f.Audience = DefaultFederatedAudience
		}
		out.federated = append(out.federated, f)
	}
	return out, nil
}

// NewID makes the id of a client: a random UUID.
func NewID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// Moment reads when a secret ends: on a day as it begins, in UTC.
func Moment(text string) (time.Time, error) {
	if at, err := time.Parse(time.DateOnly, text); err == nil {
		return at, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is neither a day, as in 2027-01-01, nor a moment, as in 2027-01-01T12:00:00Z", text)
	}
	return at, nil
}
