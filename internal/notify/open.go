package notify

import (
	"fmt"
	"strings"

	"certwright/internal/vault"

	"certwright/internal/setting"
)

// Settings are the parts of the configuration file that are about notices.
type Settings struct {
	SMTP   *MailSettings     // nil: no mail is sent
	Events []WebhookSettings // webhooks
}

// Fields implements setting.Settings.
func (s *Settings) Fields() []setting.Field {
	return []setting.Field{
		setting.Optional("smtp", &s.SMTP),
		setting.List("events", &s.Events),
	}
}

// Check tells what will not do, each with its place in the file.
func (s Settings) Check() (wrong []error) {
	if s.SMTP != nil {
		for _, err := range s.SMTP.Check() {
			wrong = append(wrong, fmt.Errorf("smtp: %w", err))
		}
	}
	seen := map[string]int{}
	for i, e := range s.Events {
		for _, err := range e.Check() {
			wrong = append(wrong, fmt.Errorf("events: item %d: %w", i+1, err))
		}
		name := e.withDefaults().Name
		if first, taken := seen[name]; taken && e.URL != "" {
			wrong = append(wrong, fmt.Errorf("events: item %d: name: item %d has the same name or address; write another name", i+1, first))
		}
		seen[name] = i + 1
	}
	return wrong
}

// Means are what sinks need of the server.
type Means struct {
	Store    vault.Store
	Clock    vault.Clock               // that Retry-After follows; nil: real time
	VaultURL func(vault string) string // the address of a vault, as clients know it
	Origin   string                    // what this server calls itself to receivers that are asked first; "" is certwright.localhost
	Rows     vault.Accounts            // of servers that share the store and, by them, the pace of each receiver; nil: there are no others
}

// Open makes the sinks of the settings, by name. It reads the files that they
// name, so that what is missing is told at the start, and calls nobody.
func (s Settings) Open(m Means) (map[string]Sink, error) {
	sinks := map[string]Sink{}
	if s.SMTP != nil {
		mail, err := NewMail(*s.SMTP)
		if err != nil {
			return nil, fmt.Errorf("smtp: %w", err)
		}
		sinks[MailSink] = mail
	}
	for i, e := range s.Events {
		hook, err := NewWebhook(e, m)
		if err != nil {
			return nil, fmt.Errorf("events: item %d: %w", i+1, err)
		}
		if _, taken := sinks[hook.Name]; taken {
			return nil, fmt.Errorf("events: item %d: name: %q is taken", i+1, strings.ToLower(hook.Name))
		}
		sinks[hook.Name] = hook
	}
	return sinks, nil
}
