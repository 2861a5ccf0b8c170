package tokens

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"certwright/internal/oauth"
	"certwright/internal/setting"
)

const day = 24 * time.Hour

// Bounds of the settings.
const (
	minLifetime, maxLifetime = 15 * time.Minute, day // libraries ask anew five minutes before its end, with an assertion that they keep for ten
	minRotate, maxRotate     = 2 * day, 365 * day
	maxRate                  = 1_000_000
	overflowUID              = 65534 // what the kernel says of users that have no number here
)

// Settings are those of the token service: what stands below auth.token_service.
type Settings struct {
	Issuer             string           // fixed: the iss of every token, whatever host it was asked at
	Lifetime           time.Duration    // of a token
	Keys               KeySettings      // of the signing keys
	Audiences          []string         // that tokens may be for, beside this server's own
	Limits             LimitSettings    // of requests a minute
	Clients            []ClientSettings // who may have tokens
	File               string           // more of them, kept by certwright client
	ReusableAssertions bool             // a client's own may be shown again while they hold
	Hosts              []HostSettings   // sockets by which processes of this machine get tokens
}

// Fields implements setting.Settings.
func (s *Settings) Fields() []setting.Field {
	return []setting.Field{
		setting.Text("issuer", &s.Issuer),
		setting.Duration("lifetime", &s.Lifetime),
		setting.Group("keys", &s.Keys),
		setting.Texts("audiences", &s.Audiences),
		setting.Group("limits", &s.Limits),
		setting.List("clients", &s.Clients),
		setting.File("clients_file", &s.File),
		setting.Switch("reusable_assertions", &s.ReusableAssertions),
		setting.List("hosts", &s.Hosts),
	}
}

// WithDefaults returns the settings with what was not set filled in.
func (s Settings) WithDefaults() Settings {
	if s.Lifetime == 0 {
		s.Lifetime = time.Hour
	}
	if s.Keys.Algorithm == "" {
		s.Keys.Algorithm = "ES256"
	}
	if s.Keys.Rotate == 0 {
		s.Keys.Rotate = 30 * day
	}
	if s.Limits.PerClient == 0 {
		s.Limits.PerClient = 600
	}
	if s.Limits.PerAddress == 0 {
		s.Limits.PerAddress = 1200
	}
	return s
}

// Tenant returns the tenant of the issuer: the one segment of its path.
func (s Settings) Tenant() string {
	_, tenant, _ := parseIssuer(s.Issuer)
	return tenant
}

// Check tells what will not do. It opens no file.
func (s Settings) Check() (wrong []error) {
	s = s.WithDefaults()
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	if _, _, err := parseIssuer(s.Issuer); err != nil {
		say("issuer: %w", err)
	}
	if s.Lifetime < minLifetime || s.Lifetime > maxLifetime {
		say("lifetime is %v; it must be 15m to 24h, or 0s for the default, 1h", s.Lifetime)
	}
	if s.Keys.Algorithm != "ES256" && s.Keys.Algorithm != "RS256" {
		say("keys: algorithm: %q is unknown; use ES256 or RS256", s.Keys.Algorithm)
	}
	if s.Keys.Rotate < minRotate || s.Keys.Rotate > maxRotate {
		say("keys: rotate is %v; it must be 2d to 365d, or 0s for the default, 30d", s.Keys.Rotate)
	}
	if _, err := s.Keys.withdrawn(time.Time{}); err != nil {
		say("keys: withdraw: %w", err)
	}
	for key, n := range map[string]int{"per_client": s.Limits.PerClient, "per_address": s.Limits.PerAddress} {
		if n < 1 || n > maxRate {
			say("limits: %s is %d; it must be 1 to %d requests a minute", key, n, maxRate)
		}
	}
	for i, h := range s.Hosts {
		for _, err := range h.check() {
			say("hosts: item %d: %w", i+1, err)
		}
	}
	return append(wrong, checkClients(s.Clients)...)
}

// parseIssuer returns where an issuer stands, and its tenant.
func parseIssuer(text string) (origin, tenant string, err error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" ||
		!oauth.IsTenant(strings.TrimPrefix(u.Path, "/")) || text != "https://"+u.Host+u.Path {
		return "", "", fmt.Errorf("%q is not an https address with one segment, as in https://vault.example:8443/adfs", text)
	}
	return "https://" + u.Host, u.Path[1:], nil
}

// KeySettings are those of the keys that sign tokens.
type KeySettings struct {
	Algorithm string        // ES256 or RS256; "" is ES256
	Rotate    time.Duration // a key signs for this long
	Withdraw  string        // the moment before which keys were made that are taken back, and their tokens with them
}

// Fields implements setting.Settings.
func (k *KeySettings) Fields() []setting.Field {
	return []setting.Field{setting.Text("algorithm", &k.Algorithm), setting.Duration("rotate", &k.Rotate), setting.Text("withdraw", &k.Withdraw)}
}

// withdrawn returns the moment before which keys were made that are no longer
// good; one that has not come yet withdraws nothing.
func (k KeySettings) withdrawn(now time.Time) (time.Time, error) {
	if k.Withdraw == "" {
		return time.Time{}, nil
	}
	at, err := Moment(k.Withdraw)
	if err != nil || at.After(now) {
		return time.Time{}, err
	}
	return at, nil
}

// LimitSettings bound how often tokens are asked for, a minute.
type LimitSettings struct {
	PerClient, PerAddress int
}

// Fields implements setting.Settings.
func (l *LimitSettings) Fields() []setting.Field {
	return []setting.Field{setting.Number("per_client", &l.PerClient), setting.Number("per_address", &l.PerAddress)}
}

// HostSettings give the processes of one user of this machine the tokens of a client.
type HostSettings struct {
	Socket string // a Unix socket that this server makes
	UID    int    // who calls there
	Client string // whose tokens it gets, by name or id
}

// Fields implements setting.Settings.
func (h *HostSettings) Fields() []setting.Field {
	return []setting.Field{setting.File("socket", &h.Socket), setting.Number("uid", &h.UID), setting.Text("client", &h.Client)}
}

func (h HostSettings) check() (wrong []error) {
	if !filepath.IsAbs(h.Socket) || len(h.Socket) > 100 {
		wrong = append(wrong, fmt.Errorf("socket: %q is not the path of a socket, as in /run/certwright/identity.sock", h.Socket))
	}
	if h.UID < 0 || int64(h.UID) >= 1<<32-1 {
		wrong = append(wrong, fmt.Errorf("uid: %d is not the number of a user", h.UID))
	}
	if h.UID == overflowUID {
		wrong = append(wrong, fmt.Errorf("uid: %d stands for every user of other user namespaces; give the service a user of its own", h.UID))
	}
	if h.Client == "" {
		wrong = append(wrong, fmt.Errorf("client: whose tokens user %d gets is not set; write a client's name or id", h.UID))
	}
	return wrong
}
