package notify

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"certwright/internal/outbound"
	"certwright/internal/setting"
	"certwright/internal/vault"
)

// WebhookSettings are what an operator writes as one item of `events:`.
type WebhookSettings struct {
	Name          string   // what people call it; made of the address unless set. Messages wait under it
	URL           string   // https://...; http for this machine only. It may have a query
	Schema        string   // cloudevents (unless set) or eventgrid
	Types         []string // events to send, as in CertificateNearExpiry; all unless set
	Vaults        []string // vaults to tell of; all unless set
	SecretFile    string   // file with the secret that signs what is sent, read each time; "" does not sign
	CABundle      string   // a PEM file to trust instead of the system's authorities
	Origin        string   // what this server calls itself in the CloudEvents handshake
	SkipHandshake bool     // send without asking the receiver first
}

// Fields implements setting.Settings.
func (w *WebhookSettings) Fields() []setting.Field {
	return []setting.Field{
		setting.Text("name", &w.Name),
		setting.Text("url", &w.URL),
		setting.Text("schema", &w.Schema),
		setting.Texts("types", &w.Types),
		setting.Texts("vaults", &w.Vaults),
		setting.File("secret_file", &w.SecretFile),
		setting.File("ca_bundle", &w.CABundle),
		setting.Text("origin", &w.Origin),
		setting.Switch("skip_handshake", &w.SkipHandshake),
	}
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
		vault.EventRenewalFailed, vault.EventRenewalLate, vault.EventApprovalAsked, vault.EventNewRoot,
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
		wrong = append(wrong, fmt.Errorf("name: %q is not a valid name; write letters, digits, '.', '_' and '-', and not %s", s.Name, MailSink))
	}
	if s.Schema != CloudEvents && s.Schema != EventGrid {
		wrong = append(wrong, fmt.Errorf("schema: %q must be cloudevents or eventgrid", s.Schema))
	}
	for _, t := range s.Types {
		if !slices.ContainsFunc(events(), func(e string) bool { return isType(t, e) }) {
			wrong = append(wrong, fmt.Errorf("types: %q is an unknown event; use one of %s", t, strings.NewReplacer(eventTopics, "", ownTopics, "").Replace(strings.Join(events(), ", "))))
		}
	}
	for _, v := range s.Vaults {
		if !hostName.MatchString(v) || strings.Contains(v, ".") {
			wrong = append(wrong, fmt.Errorf("vaults: %q is not a valid vault name; write names as in web", v))
		}
	}
	if s.Origin != "" && !hostName.MatchString(s.Origin) {
		wrong = append(wrong, fmt.Errorf("origin: %q is not a valid host name; write the name that receivers know this server by", s.Origin))
	}
	return wrong
}

// isType reports whether an operator's word means an event, with or without
// what all names begin with.
func isType(word, event string) bool {
	return strings.EqualFold(word, event) || strings.EqualFold(eventTopics+word, event) || strings.EqualFold(ownTopics+word, event)
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
