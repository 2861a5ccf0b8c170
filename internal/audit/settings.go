package audit

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"regexp"
	"time"

	"certwright/internal/outbound"
	"certwright/internal/setting"
)

// Settings are what an operator writes under `audit:`. None is needed: without
// any the log is a file in the data folder, and every line is on the disk before
// its answer goes out.
type Settings struct {
	Server   string // this server's name in the log; "a1" unless set
	Sync     string // always (unless set), or how long a line may take to be on the disk, as in 1s
	Reads    string // the same for what changes nothing; as sync unless set
	Required string // any (unless set): one of the file, stdout and syslog must take a line; or all of them
	File     FileSettings
	Stdout   bool // write the lines to standard output too
	Syslog   *SyslogSettings
	Webhook  *WebhookSettings
}

// Fields implements setting.Settings.
func (s *Settings) Fields() []setting.Field {
	return []setting.Field{
		setting.Text("server", &s.Server),
		setting.Text("sync", &s.Sync),
		setting.Text("reads", &s.Reads),
		setting.Text("required", &s.Required),
		setting.Group("file", &s.File),
		setting.Switch("stdout", &s.Stdout),
		setting.Optional("syslog", &s.Syslog),
		setting.Optional("webhook", &s.Webhook),
	}
}

// FileSettings are about the file that the log is written to.
type FileSettings struct {
	Path    string        // audit/audit.jsonl in the data folder unless set
	MaxSize int64         // MiB that one may have; 100 unless set
	MaxAge  time.Duration // how long one is written to; 24h unless set
	Keep    int           // how many full ones stay; all unless set
}

// Fields implements setting.Settings.
func (f *FileSettings) Fields() []setting.Field {
	return []setting.Field{
		setting.File("path", &f.Path),
		setting.Number("max_size_mb", &f.MaxSize),
		setting.Duration("max_age", &f.MaxAge),
		setting.Number("keep", &f.Keep),
	}
}

// SyslogSettings are about a collector that speaks RFC 5424.
type SyslogSettings struct {
	Address  string // HOST:PORT
	TLS      bool   // RFC 5425; without it, anybody on the way reads the log
	CABundle string // a PEM file to trust instead of the system's authorities
}

// Fields implements setting.Settings.
func (s *SyslogSettings) Fields() []setting.Field {
	return []setting.Field{
		setting.Text("address", &s.Address),
		setting.Switch("tls", &s.TLS),
		setting.File("ca_bundle", &s.CABundle),
	}
}

// WebhookSettings are about an address that the lines are posted to, read from
// the file: never late for a request, and again until they are taken.
type WebhookSettings struct {
	URL        string
	SecretFile string // signs what is sent, as in docs/notices.md
	CABundle   string
}

// Fields implements setting.Settings.
func (w *WebhookSettings) Fields() []setting.Field {
	return []setting.Field{
		setting.Text("url", &w.URL),
		setting.File("secret_file", &w.SecretFile),
		setting.File("ca_bundle", &w.CABundle),
	}
}

const (
	always = "always"
	anyOne = "any"
	all    = "all"

	maxLag     = time.Minute
	defaultMax = 100 // MiB
)

// withDefaults fills in what was not set; data is the data folder.
func (s Settings) withDefaults(data string) Settings {
	s.Server = cmp.Or(s.Server, "a1")
	s.Sync = cmp.Or(s.Sync, always)
	s.Reads = cmp.Or(s.Reads, s.Sync)
	s.Required = cmp.Or(s.Required, anyOne)
	s.File.Path = cmp.Or(s.File.Path, filepath.Join(data, "audit", "audit.jsonl"))
	s.File.MaxSize = cmp.Or(s.File.MaxSize, defaultMax)
	s.File.MaxAge = cmp.Or(s.File.MaxAge, 24*time.Hour)
	return s
}

var serverName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)

// Check tells what will not do, without looking at files or the network.
func (s Settings) Check() (wrong []error) {
	reads := s.Reads
	s = s.withDefaults("")
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf("audit: "+format, args...)) }
	if !serverName.MatchString(s.Server) {
		say("server: %q is not a valid name; write up to 32 of a-z, 0-9 and '-', as in a1", s.Server)
	}
	for key, text := range map[string]string{"sync": s.Sync, "reads": reads} {
		if _, err := lag(text); err != nil && text != "" {
			say("%s: %q must be always, or a duration up to %v, as in 1s", key, text, maxLag)
		}
	}
	if s.Required != anyOne && s.Required != all {
		say("required: %q must be any or all", s.Required)
	}
	if s.File.MaxSize < 1 || s.File.MaxSize > 1<<20 {
		say("file: max_size_mb is %d; it must be 1 to 1048576", s.File.MaxSize)
	}
	if s.File.MaxAge < time.Minute {
		say("file: max_age is %v; it must be at least 1m", s.File.MaxAge)
	}
	if s.File.Keep < 0 {
		say("file: keep is %d; it must be a number of files, or 0 for all", s.File.Keep)
	}
	for _, err := range append(s.Syslog.check(), s.Webhook.check()...) {
		wrong = append(wrong, fmt.Errorf("audit: %w", err))
	}
	return wrong
}

func (s *SyslogSettings) check() (wrong []error) {
	if s == nil {
		return nil
	}
	if host, port, err := net.SplitHostPort(s.Address); err != nil || host == "" || port == "" {
		wrong = append(wrong, fmt.Errorf("syslog: address: %q is not a valid collector; write HOST:PORT, as in logs.example.org:6514", s.Address))
	}
	if s.CABundle != "" && !s.TLS {
		wrong = append(wrong, errors.New("syslog: ca_bundle: means nothing without tls: true; leave one of them out"))
	}
	return wrong
}

func (w *WebhookSettings) check() []error {
	if w == nil {
		return nil
	}
	if err := outbound.CheckURL(w.URL); err != nil {
		return []error{fmt.Errorf("webhook: url: %w", err)}
	}
	return nil
}

// lag reads sync and reads: how long a line may take to be on the disk; 0: no
// time at all.
func lag(text string) (time.Duration, error) {
	if text == always {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err == nil && (d < time.Millisecond || d > maxLag) {
		err = errors.New("out of range")
	}
	return d, err
}

// Path is where the log's file is, of a server with this data folder.
func (s Settings) Path(data string) string { return s.withDefaults(data).File.Path }
