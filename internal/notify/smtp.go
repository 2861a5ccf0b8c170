package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/smtp"
	"net/textproto"
	"os"
	"slices"
	"strings"
	"unicode"

	"certwright/internal/outbound"
	"certwright/internal/vault"
)

// Mail is the sink of mails: an SMTP server that takes them.
type Mail struct {
	settings MailSettings
	from     *mail.Address
	hello    string
	tls      *tls.Config
}

// NewMail opens the files of the settings, which Check must have found right.
func NewMail(s MailSettings) (*Mail, error) {
	if err := errors.Join(s.Check()...); err != nil {
		return nil, err
	}
	s = s.withDefaults()
	host, _, _ := net.SplitHostPort(s.Host)
	k := &Mail{settings: s, hello: s.Hello, tls: &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}}
	k.from, _ = mail.ParseAddress(s.From) // checked
	if k.hello == "" {
		k.hello = domain(k.from.Address)
	}
	if s.CABundle != "" {
		text, err := os.ReadFile(s.CABundle)
		if err != nil {
			return nil, fmt.Errorf("ca_bundle: %w", err)
		}
		k.tls.RootCAs = x509.NewCertPool()
		if !k.tls.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("ca_bundle: %s holds no certificate in PEM", s.CABundle)
		}
	}
	_, err := k.password()
	return k, err
}

func (k *Mail) password() (vault.Hidden, error) {
	if k.settings.User == "" {
		return "", nil
	}
	return outbound.ReadSecret("password_file", k.settings.PasswordFile)
}

// Wants implements Sink.
func (k *Mail) Wants(m vault.Message) bool { return m.Topic == vault.TopicMail }

// Split makes a message of each receiver of a mail; an address that stands
// twice gets one.
func (k *Mail) Split(m vault.Message) (parts []vault.Message, err error) {
	whole, err := readMail(m)
	if err != nil {
		return nil, err
	}
	seen := []string{}
	for _, to := range whole.To {
		if key := strings.ToLower(strings.TrimSpace(to)); slices.Contains(seen, key) {
			continue
		} else {
			seen = append(seen, key)
		}
		part, one := m, whole
		one.To = []string{to}
		if part.Body, err = json.Marshal(one); err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	if len(parts) == 1 && len(whole.To) > 1 {
		return nil, nil // the first is all there is
	}
	return parts, nil
}

// Send implements Sink: one connection, one mail, to the first receiver.
func (k *Mail) Send(ctx context.Context, m vault.Message) error {
	l, err := write(k.from, m)
	if err != nil {
		return err
	}
	conn, err := k.dial(ctx)
	if err != nil {
		return fmt.Errorf("the mail server cannot be reached: %w", err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	err = k.talk(conn, l)
	var refused *Refused
	if err != nil && ctx.Err() != nil && !errors.As(err, &refused) {
		return fmt.Errorf("the mail server %s did not answer in time", k.settings.Host)
	}
	return err
}

func (k *Mail) dial(ctx context.Context) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", k.settings.Host)
	if err != nil {
		return nil, err
	}
	bounded := &boundedConn{Conn: conn, left: maxTalk}
	if k.settings.TLS != fullTLS {
		return bounded, nil
	}
	secure := tls.Client(bounded, k.tls)
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return secure, nil
}

// talk is the conversation. Once the server took the mail, nothing that follows
// makes it undelivered.
func (k *Mail) talk(conn net.Conn, l letter) error {
	c, err := k.greet(conn)
	if err != nil {
		return err
	}
	if err := k.canCarry(c, l); err != nil {
		return err
	}
	if err := c.Mail(k.from.Address); err != nil {
		return k.said("refused the sender", err) // the settings' fault, not this mail's
	}
	if err := c.Rcpt(l.to); err != nil {
		return k.final("refused the receiver", err)
	}
	w, err := c.Data()
	if err != nil {
		return k.final("refused the mail", err)
	}
	if _, err := w.Write(l.text); err != nil {
		return k.said("broke off", err)
	}
	if err := w.Close(); err != nil {
		return k.final("refused the mail", err)
	}
	_ = c.Quit()
	return nil
}

// greet begins the conversation, up to where a mail may be sent.
func (k *Mail) greet(conn net.Conn) (*smtp.Client, error) {
	c, err := smtp.NewClient(conn, k.tls.ServerName)
	if err != nil {
		return nil, k.said("sent no greeting", err)
	}
	if err := c.Hello(k.hello); err != nil {
		return nil, k.said("did not take our greeting", err)
	}
	if k.settings.TLS == startTLS {
		if ok, _ := c.Extension("STARTTLS"); !ok {
			return nil, fmt.Errorf("the mail server %s does not offer STARTTLS; write tls: tls or none if it should not", k.settings.Host)
		}
		if err := c.StartTLS(k.tls); err != nil {
			return nil, k.said("could not be reached with TLS", err)
		}
	}
	return c, k.signIn(c)
}

// Probe looks whether the server lets us sign in, and sends nothing.
func (k *Mail) Probe(ctx context.Context) error {
	conn, err := k.dial(ctx)
	if err != nil {
		return fmt.Errorf("the mail server cannot be reached: %w", err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	c, err := k.greet(conn)
	switch {
	case err != nil && ctx.Err() != nil:
		return fmt.Errorf("the mail server %s did not answer in time", k.settings.Host)
	case err != nil:
		return err
	}
	_ = c.Quit()
	return nil
}

// canCarry refuses an address with letters outside ASCII at a server that does not
// take such (RFC 6531): many cut it short or send it elsewhere. A sender of that
// kind is the settings' fault, not this mail's.
func (k *Mail) canCarry(c *smtp.Client, l letter) error {
	if ok, _ := c.Extension("SMTPUTF8"); ok {
		return nil
	}
	const why = "the mail server %s takes no address with letters outside ASCII, as it does not offer SMTPUTF8: write %s in ASCII, its domain as xn--..."
	if !isASCII(k.from.Address) {
		return fmt.Errorf(why, k.settings.Host, "the sender "+k.from.Address)
	}
	if !isASCII(l.to) {
		return &Refused{fmt.Sprintf(why, k.settings.Host, l.to)}
	}
	return nil
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}

// said is a transient error in the server's words.
func (k *Mail) said(what string, err error) error {
	var answer *textproto.Error
	if errors.As(err, &answer) { // which would quote itself
		return fmt.Errorf("the mail server %s %s: %d %s", k.settings.Host, what, answer.Code, plain(answer.Msg, maxError))
	}
	return fmt.Errorf("the mail server %s %s: %w", k.settings.Host, what, err)
}

// final is said, or, where the server will never take this mail, a *Refused. A
// server that wants somebody signed in (530, 535, 538) refuses our settings,
// which a person may mend meanwhile.
func (k *Mail) final(what string, err error) error {
	var answer *textproto.Error
	if errors.As(err, &answer) && answer.Code >= 500 && !slices.Contains([]int{530, 535, 538}, answer.Code) {
		return &Refused{k.said(what, err).Error()}
	}
	return k.said(what, err)
}
