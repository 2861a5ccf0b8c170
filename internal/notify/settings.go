package notify

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"certwright/internal/outbound"
	"certwright/internal/vault"
)

// MailSettings are what an operator writes under `smtp:`.
type MailSettings struct {
	Host         string `yaml:"host"`          // HOST or HOST:PORT of the mail server; the port follows tls where it is missing
	From         string `yaml:"from"`          // sender of all mails, as in Certificates <certs@example.org>
	User         string `yaml:"user"`          // signs in as; "" does not sign in
	PasswordFile string `yaml:"password_file"` // file with the user's password, read for each mail
	TLS          string `yaml:"tls"`           // starttls (unless set, port 587), tls (port 465) or none (port 25)
	CABundle     string `yaml:"ca_bundle"`     // a PEM file to trust instead of the system's authorities
	Hello        string `yaml:"hello"`         // the name to greet with; the domain of from unless set
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
		wrong = append(wrong, fmt.Errorf("host: %q is no server; write HOST or HOST:PORT, as in mail.example.org:587", s.Host))
	}
	if a, err := mail.ParseAddress(s.From); s.From == "" {
		wrong = append(wrong, errors.New("from: is missing; write the sender's address, as in certs@example.org"))
	} else if err != nil || !isAddress(a.Address) {
		wrong = append(wrong, fmt.Errorf("from: %q is no address; write one as in certs@example.org or Certificates <certs@example.org>", s.From))
	}
	if !slices.Contains([]string{startTLS, fullTLS, noTLS}, s.TLS) {
		wrong = append(wrong, fmt.Errorf("tls: %q must be starttls, tls or none", s.TLS))
	}
	if (s.User == "") != (s.PasswordFile == "") {
		wrong = append(wrong, errors.New("user: and password_file go together; write both or none"))
	}
	if host, _, _ := net.SplitHostPort(s.Host); s.User != "" && s.TLS == noTLS && !isLocal(host) {
		wrong = append(wrong, errors.New("user: a password needs tls: starttls or tls; without TLS anybody on the way could read it"))
	}
	if s.CABundle != "" && s.TLS == noTLS {
		wrong = append(wrong, errors.New("ca_bundle: means nothing with tls: none; leave one of them out"))
	}
	if s.Hello != "" && !hostName.MatchString(s.Hello) {
		wrong = append(wrong, fmt.Errorf("hello: %q is no host name; write the name of this machine", s.Hello))
	}
	return wrong
}

func isHostPort(s string) bool {
	host, port, err := net.SplitHostPort(s)
	n, portErr := strconv.ParseUint(port, 10, 16)
	_, ipErr := netip.ParseAddr(host)
	return err == nil && portErr == nil && n > 0 && (ipErr == nil || hostName.MatchString(host))
}

func isLocal(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// WebhookSettings are what an operator writes as one item of `events:`.
type WebhookSettings struct {
	Name          string   `yaml:"name"`           // what people call it; made of the address unless set. Messages wait under it
	URL           string   `yaml:"url"`            // https://...; http for this machine only. It may have a query
	Schema        string   `yaml:"schema"`         // cloudevents (unless set) or eventgrid
	Types         []string `yaml:"types"`          // events to send, as in CertificateNearExpiry; all unless set
	Vaults        []string `yaml:"vaults"`         // vaults to tell of; all unless set
	SecretFile    string   `yaml:"secret_file"`    // file with the secret that signs what is sent, read each time; "" does not sign
	CABundle      string   `yaml:"ca_bundle"`      // a PEM file to trust instead of the system's authorities
	Origin        string   `yaml:"origin"`         // what this server calls itself in the CloudEvents handshake
	SkipHandshake bool     `yaml:"skip_handshake"` // send without asking the receiver first
}

func (s WebhookSettings) withDefaults() WebhookSettings {
	s.Schema = cmp.Or(s.Schema, CloudEvents)
	if s.Name == "" {
		s.Name = nameOf(s.URL)
	}
	s.Name = strings.ToLower(s.Name)
	return s
}

// nameOf makes a name of an address that shows its host and no more, since the
// rest may hold a secret.
func nameOf(address string) string {
	sum := sha256.Sum256([]byte(address))
	host := "webhook"
	if u, err := url.Parse(address); err == nil && u.Hostname() != "" {
		host = u.Hostname()
	}
	return host + "-" + hex.EncodeToString(sum[:4])
}

var sinkName = regexp.MustCompile(`^[a-z0-9_:.-]{1,120}$`)

// MailSink is the name of the sink of mails; no webhook can have it.
const MailSink = "mail"

// events are the names of all events.
func events() []string {
	return []string{
		vault.EventNewVersion, vault.EventNearExpiry, vault.EventExpired,
		vault.EventKeyNewVersion, vault.EventKeyNearExpiry, vault.EventKeyExpired,
		vault.EventSecretNewVersion, vault.EventSecretNearExpiry, vault.EventSecretExpired,
	}
}

// Check tells what will not do, without looking at files or the network.
func (s WebhookSettings) Check() (wrong []error) {
	s = s.withDefaults()
	if s.URL == "" {
		wrong = append(wrong, errors.New("url: is missing; write the receiver's address, as in https://hook.example.org/in"))
	} else if err := checkAddress(s.URL); err != nil {
		wrong = append(wrong, fmt.Errorf("url: %w", err))
	}
	if !sinkName.MatchString(s.Name) || s.Name == MailSink {
		wrong = append(wrong, fmt.Errorf("name: %q is no name; write letters, digits, '.', '_' and '-', and not %s", s.Name, MailSink))
	}
	if s.Schema != CloudEvents && s.Schema != EventGrid {
		wrong = append(wrong, fmt.Errorf("schema: %q must be cloudevents or eventgrid", s.Schema))
	}
	for _, t := range s.Types {
		if !slices.ContainsFunc(events(), func(e string) bool { return isType(t, e) }) {
			wrong = append(wrong, fmt.Errorf("types: %q is no event; there are %s", t, strings.ReplaceAll(strings.Join(events(), ", "), eventTopics, "")))
		}
	}
	for _, v := range s.Vaults {
		if !hostName.MatchString(v) || strings.Contains(v, ".") {
			wrong = append(wrong, fmt.Errorf("vaults: %q is no name of a vault; write names as in web", v))
		}
	}
	if s.Origin != "" && !hostName.MatchString(s.Origin) {
		wrong = append(wrong, fmt.Errorf("origin: %q is no host name; write the name that receivers know this server by", s.Origin))
	}
	return wrong
}

// isType reports whether an operator's word means an event, with or without
// what all names begin with.
func isType(word, event string) bool {
	return strings.EqualFold(word, event) || strings.EqualFold(eventTopics+word, event)
}

// checkAddress is outbound.CheckURL for an address that may have a query, which
// it does not repeat.
func checkAddress(address string) error {
	bare, _, _ := strings.Cut(address, "?")
	if _, err := url.Parse(address); err != nil && outbound.CheckURL(bare) == nil {
		return errors.New("its query cannot be read")
	}
	if _, fragment, ok := strings.Cut(address, "#"); ok && fragment != "" {
		return errors.New("it must have no fragment")
	}
	return outbound.CheckURL(bare)
}

const maxSecret = 64 << 10 // of a file with a secret, in bytes

// readSecret reads a file that holds a secret and nothing else; space around it
// does not count.
func readSecret(key, path string) (vault.Hidden, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("%s: %w", key, err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	secret := strings.TrimSpace(string(text))
	switch {
	case err != nil:
		return "", fmt.Errorf("%s: %w", key, err)
	case len(text) > maxSecret:
		return "", fmt.Errorf("%s: %s is larger than 64 KiB", key, path)
	case secret == "":
		return "", fmt.Errorf("%s: %s is empty", key, path)
	}
	return vault.Hidden(secret), nil
}
