package notify

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/smtp"
	"slices"
	"strings"
	"testing"
	"time"

	"certwright/internal/must"
	"certwright/internal/store/sqlstore/sqltest"
	"certwright/internal/vault"

	"github.com/google/go-cmp/cmp"
)

// mailTo is the sink of a post office's mails.
func mailTo(t *testing.T, p *postOffice, change func(*MailSettings)) *Mail {
	t.Helper()
	s := MailSettings{Host: p.host, From: "Zertifikate Köln <certs@example.org>", CABundle: p.bundle}
	if p.password != "" {
		s.User, s.PasswordFile = "robot", write0600(t, []byte(p.password+"\n"))
	}
	if change != nil {
		change(&s)
	}
	k, err := NewMail(s)
	must.Do(t, err)
	return k
}

// read takes a mail apart: its headers, and its parts by content type.
func read(t *testing.T, text string) (*mail.Message, map[string]string) {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(text))
	if err != nil {
		t.Fatalf("the mail cannot be read: %v\n%s", err, text)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("content type %q: %v", m.Header.Get("Content-Type"), err)
	}
	parts := map[string]string{}
	for r := multipart.NewReader(m.Body, params["boundary"]); ; {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return m, parts
		}
		must.Do(t, err)
		if got := p.Header.Get("Content-Transfer-Encoding"); got != "quoted-printable" {
			t.Errorf("encoded as %q", got)
		}
		text, err := io.ReadAll(quotedprintable.NewReader(p))
		must.Do(t, err)
		parts[p.Header.Get("Content-Type")] = string(text)
	}
}

// A mail goes through the outbox to a server with STARTTLS and a password, one
// for each receiver, and is what it should be.
func TestMail(t *testing.T) {
	t.Parallel()
	for _, ways := range []string{"PLAIN LOGIN", "LOGIN"} {
		p := (&postOffice{ways: ways, password: "hunter2"}).open(t)
		h := newHouse(t, sqltest.Open(t), map[string]Sink{MailSink: mailTo(t, p, nil)})
		h.tell(t, letterTo(1, "a@example.org", "B <b@example.org>", "A@example.org"))
		h.tell(t, event(2)) // no mail
		h.settle(t)
		got := p.mails()
		if len(got) != 2 || got[0].to != "a@example.org" || got[1].to != "b@example.org" {
			t.Fatalf("%s: taken: %+v", ways, got)
		}
		e := got[0]
		if !e.secure || !e.known || e.hello != "example.org" || e.from != "certs@example.org" {
			t.Errorf("%s: envelope %+v", ways, e)
		}
		m, parts := read(t, e.text)
		for header, want := range map[string]string{
			"From": "=?utf-8?q?Zertifikate_K=C3=B6ln?= <certs@example.org>", "To": "<a@example.org>", "Subject": "Certificate web expires",
			"Date": "Sun, 22 Nov 2026 12:00:00 +0000", "Message-Id": messageID(letterTo(1), "certs@example.org", "a@example.org"), "Auto-Submitted": "auto-generated",
		} {
			if got := m.Header.Get(header); got != want {
				t.Errorf("%s %q, want %q", header, got, want)
			}
		}
		want := map[string]string{"text/plain; charset=utf-8": "Dear you,\r\n.\r\nit expires.\r\n", "text/html; charset=utf-8": "<p>it expires: ä</p>"}
		if diff := cmp.Diff(want, parts); diff != "" {
			t.Errorf("parts (-want +got):\n%s", diff)
		}
		other, _ := read(t, got[1].text)
		if m.Header.Get("Message-Id") == other.Header.Get("Message-Id") {
			t.Error("two receivers have one Message-ID")
		}
		h.count(t, MailSink, 0, 3, 0) // the whole one, and two
	}
}

// How the connection may be.
func TestMailConnections(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		office *postOffice
		change func(*MailSettings)
		want   string // in the error; "" is delivered
	}{
		"TLS from the start":      {&postOffice{implicit: true}, func(s *MailSettings) { s.TLS = "tls" }, ""},
		"no TLS":                  {&postOffice{noTLS: true}, func(s *MailSettings) { s.TLS, s.CABundle = "none", "" }, ""},
		"no TLS, signed in here":  {&postOffice{noTLS: true, ways: "PLAIN", password: "x"}, func(s *MailSettings) { s.TLS, s.CABundle = "none", "" }, ""},
		"STARTTLS withheld":       {&postOffice{noTLS: true}, nil, "does not offer STARTTLS"},
		"a stranger's server":     {&postOffice{}, func(s *MailSettings) { s.CABundle = "" }, "certificate"},
		"a stranger's, TLS":       {&postOffice{implicit: true}, func(s *MailSettings) { s.TLS, s.CABundle = "tls", "" }, "certificate"},
		"wrong password":          {&postOffice{ways: "PLAIN", password: "right"}, func(s *MailSettings) { s.PasswordFile = "" }, "did not let us sign in: 535"},
		"unknown ways":            {&postOffice{ways: "GSSAPI", password: "x"}, nil, "none of the ways to sign in"},
		"must sign in":            {&postOffice{ways: "PLAIN"}, nil, "refused the sender: 530"},
		"sender refused":          {&postOffice{onMail: "550 5.7.1 not from you"}, nil, "refused the sender: 550"},
		"must sign in, said late": {&postOffice{answers: map[string]string{"a@example.org": "530 5.7.0 sign in"}}, nil, "refused the receiver: 530"},
		"greylisted":              {&postOffice{answers: map[string]string{"a@example.org": "451 4.7.1 come back"}}, nil, "refused the receiver: 451"},
		"not now":                 {&postOffice{onData: "452 4.3.1 disk full"}, nil, "refused the mail: 452"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := c.office.open(t)
			k := mailTo(t, p, func(s *MailSettings) {
				if c.change != nil {
					c.change(s)
				}
				if s.User != "" && s.PasswordFile == "" {
					s.PasswordFile = write0600(t, []byte("hunter2"))
				}
			})
			err := k.Send(t.Context(), letterTo(1, "a@example.org"))
			var refused *Refused
			switch {
			case c.want == "" && (err != nil || len(p.mails()) != 1):
				t.Errorf("sent: %v", err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || errors.As(err, &refused)):
				t.Errorf("got %v, want %q, not for good", err, c.want)
			case err != nil && strings.Contains(err.Error(), "hunter2"), err != nil && strings.Contains(err.Error(), "AHJvYm90AGh1bnRlcjI="):
				t.Errorf("%v tells the password", err)
			}
		})
	}
}

// One receiver who is refused does not stop the others, and is a dead letter.
func TestMailRefused(t *testing.T) {
	t.Parallel()
	p := (&postOffice{answers: map[string]string{"b@example.org": "550 5.1.1 no such user"}}).open(t)
	h := newHouse(t, sqltest.Open(t), map[string]Sink{MailSink: mailTo(t, p, nil)})
	h.tell(t, letterTo(1, "a@example.org", "b@example.org", "not an address", "c@example.org", "evil@example.org\r\nBcc: x@example.org"))
	nobody, broken := letterTo(2), letterTo(3)
	broken.Body = []byte("{")
	h.tell(t, nobody)
	h.tell(t, broken)
	h.settle(t)
	var to []string
	for _, e := range p.mails() {
		to = append(to, e.to)
	}
	if diff := cmp.Diff([]string{"a@example.org", "c@example.org"}, to); diff != "" {
		t.Errorf("taken (-want +got):\n%s", diff)
	}
	h.count(t, MailSink, 0, 3, 5)
	dead := errorsOf(h.rows(t, MailSink, vault.Dead))
	for _, want := range []string{"550 5.1.1 no such user", `"not an address" is not a valid mail address`, "for nobody", "cannot be read", "evil"} {
		if !slices.ContainsFunc(dead, func(s string) bool { return strings.Contains(s, want) }) {
			t.Errorf("no dead letter says %q: %q", want, dead)
		}
	}
}

// An address outside ASCII goes out only where the server takes such (RFC 6531);
// elsewhere it is a dead letter that says why, and the others get theirs.
func TestMailOutsideASCII(t *testing.T) {
	t.Parallel()
	const odd = "jörg@köln.example"
	for _, offered := range []bool{false, true} {
		p := (&postOffice{utf8: offered}).open(t)
		h := newHouse(t, sqltest.Open(t), map[string]Sink{MailSink: mailTo(t, p, nil)})
		h.tell(t, letterTo(1, odd, "a@example.org"))
		h.settle(t)
		var to []string
		for _, e := range p.mails() {
			to = append(to, e.to)
			if e.utf8 != offered {
				t.Errorf("offered %v: to %s with SMTPUTF8 %v", offered, e.to, e.utf8)
			}
		}
		want, dead := []string{"a@example.org"}, 1
		if offered {
			want, dead = []string{odd, "a@example.org"}, 0
		}
		if diff := cmp.Diff(want, to); diff != "" {
			t.Errorf("offered %v: taken (-want +got):\n%s", offered, diff)
		}
		said := errorsOf(h.rows(t, MailSink, vault.Dead))
		if len(said) != dead || dead == 1 && !strings.Contains(said[0], "does not offer SMTPUTF8: write "+odd+" in ASCII") {
			t.Errorf("offered %v: dead letters say %q", offered, said)
		}
	}
	k := mailTo(t, (&postOffice{}).open(t), func(s *MailSettings) { s.From, s.Hello = odd, "here.example" })
	var refused *Refused
	if err := k.Send(t.Context(), letterTo(1, "a@example.org")); err == nil || errors.As(err, &refused) || !strings.Contains(err.Error(), "write the sender "+odd) {
		t.Errorf("a sender outside ASCII: %v, want an error that may pass", err)
	}
	if _, err := NewMail(MailSettings{Host: "mail.example", From: odd}); err == nil || !strings.Contains(err.Error(), "hello: is missing") {
		t.Errorf("a sender outside ASCII and no hello: %v", err)
	}
}

// An answer that was lost repeats the mail, the same to the byte; the server
// that hangs up after it took one does not.
func TestMailLostAnswer(t *testing.T) {
	t.Parallel()
	p := (&postOffice{lost: 1}).open(t)
	h := newHouse(t, sqltest.Open(t), map[string]Sink{MailSink: mailTo(t, p, nil)})
	h.tell(t, letterTo(1, "a@example.org"))
	h.settle(t)
	h.count(t, MailSink, 1, 0, 0)
	h.pass(t, time.Minute)
	h.count(t, MailSink, 0, 1, 0)
	got := p.mails()
	if len(got) != 2 || got[0].text != got[1].text {
		t.Errorf("%d mails: %+v", len(got), got)
	}
}

// A kill between the server's word and ours repeats the mail under its
// Message-ID, for that receiver only.
func TestMailKilled(t *testing.T) {
	t.Parallel()
	p, store := (&postOffice{}).open(t), sqltest.Open(t)
	h := newHouse(t, store, map[string]Sink{MailSink: mailTo(t, p, nil)})
	h.tell(t, letterTo(1, "a@example.org", "b@example.org", "c@example.org"))
	dying := *h.Delivery
	dying.Store = &mortal{Store: store, alive: 2} // the three parted, the first noted
	leases, err := store.Claim(t.Context(), noon, noon, time.Minute, 1)
	must.Do(t, err)
	if err := dying.Deliver(t.Context(), leases[0]); !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	leases, err = store.Claim(t.Context(), noon, noon.Add(time.Hour), time.Minute, 1)
	must.Do(t, err)
	must.Do(t, h.Deliver(t.Context(), leases[0]))
	var to []string
	for _, e := range p.mails() {
		to = append(to, e.to)
	}
	if diff := cmp.Diff([]string{"a@example.org", "b@example.org", "b@example.org", "c@example.org"}, to); diff != "" {
		t.Fatalf("taken (-want +got):\n%s", diff)
	}
	if got := p.mails(); got[1].text != got[2].text {
		t.Errorf("not the same again:\n%s\n%s", got[1].text, got[2].text)
	}
}

// A server that says nothing is given up in time, and one that is not there at once.
func TestMailSilence(t *testing.T) {
	t.Parallel()
	p := (&postOffice{mute: true}).open(t)
	k := mailTo(t, p, nil)
	ctx, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	if err := k.Send(ctx, letterTo(1, "a@example.org")); err == nil || !strings.Contains(err.Error(), "did not answer in time") {
		t.Errorf("a mute server: %v", err)
	}
	gone := mailTo(t, &postOffice{host: "127.0.0.1:1", bundle: p.bundle}, nil)
	if err := gone.Send(t.Context(), letterTo(1, "a@example.org")); err == nil || !strings.Contains(err.Error(), "cannot be reached") {
		t.Errorf("no server: %v", err)
	}
}

// LOGIN sends a password to nobody who could only be reached readably, and
// answers no third question.
func TestLoginAuth(t *testing.T) {
	t.Parallel()
	start := func(secure bool) (*loginAuth, error) {
		a := &loginAuth{smtp.PlainAuth("", "robot", "hunter2", "mail.example.org"), [2]string{"robot", "hunter2"}, 0}
		_, _, err := a.Start(&smtp.ServerInfo{Name: "mail.example.org", TLS: secure, Auth: []string{"LOGIN"}})
		return a, err
	}
	if _, err := start(false); err == nil {
		t.Error("begun without TLS")
	}
	a, err := start(true)
	must.Do(t, err)
	for _, want := range []string{"robot", "hunter2"} {
		if got, err := a.Next(nil, true); string(got) != want || err != nil {
			t.Errorf("%q %v", got, err)
		}
	}
	if got, err := a.Next(nil, true); err == nil {
		t.Errorf("a third answer: %q", got)
	}
}

// The password is read for each mail, so that it can be changed.
func TestMailFiles(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*MailSettings){
		"password_file": func(s *MailSettings) { s.User, s.PasswordFile = "robot", "/nowhere/password" },
		"ca_bundle":     func(s *MailSettings) { s.CABundle = "/nowhere/ca.pem" },
		"host":          func(s *MailSettings) { s.Host = "" },
	} {
		s := MailSettings{Host: "mail.example.org", From: "a@example.org"}
		change(&s)
		if _, err := NewMail(s); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := NewMail(MailSettings{Host: "mail.example.org", From: "a@example.org", CABundle: write0600(t, []byte("hello"))}); err == nil {
		t.Error("a bundle without certificates is taken")
	}
}

// Whatever stands in a mail, its headers stay ours and its text arrives.
func FuzzWrite(f *testing.F) {
	f.Add("Hello", "text", "<p>html</p>", "a@example.org")
	f.Add("a", "b", "c", "a@b\r\nBcc: c@d")
	f.Add("a\r\nBcc: x@y", "\r\n--=_00000000000000000000000000000002\r\n\r\n.\r\n", "", "B \"x\" <a@example.org>")
	f.Add(strings.Repeat("日本", 200), "=_\n.\n..", "\x00", `"a b"@example.org`)
	f.Add("0", "\xef\xff", "0", "0@0")
	f.Add("=?utf-8?q?x?=", strings.Repeat("x", 2000), "ä", "Ä <ä@example.org>")
	from := &mail.Address{Name: "x", Address: "certs@example.org"}
	f.Fuzz(func(t *testing.T, subject, text, html, to string) {
		m := letterTo(1)
		m.Body = mustJSON(t, vault.Mail{To: []string{to}, Subject: subject, Text: text, HTML: html})
		l, err := write(from, m)
		var refused *Refused
		if errors.As(err, &refused) {
			return
		}
		must.Do(t, err)
		got, parts := read(t, string(l.text))
		var names []string
		for name := range got.Header {
			names = append(names, name)
		}
		slices.Sort(names)
		if diff := cmp.Diff([]string{"Auto-Submitted", "Content-Type", "Date", "From", "Message-Id", "Mime-Version", "Subject", "To"}, names); diff != "" {
			t.Errorf("headers (-want +got):\n%s", diff)
		}
		if list, err := got.Header.AddressList("To"); err != nil || len(list) != 1 || list[0].Address != l.to {
			t.Errorf("to %v: %v", list, err)
		}
		// JSON takes every byte that is no text as U+FFFD, and so do runes
		if want := lines(string([]rune(text))); lines(parts["text/plain; charset=utf-8"]) != want {
			t.Errorf("text %q, want %q", parts["text/plain; charset=utf-8"], want)
		}
		for line := range strings.Lines(string(l.text)) {
			if len(line) > 1000 || !strings.HasSuffix(line, "\r\n") || strings.Contains(strings.TrimSuffix(line, "\r\n"), "\r") {
				t.Errorf("a line of %d bytes: %q", len(line), line)
			}
		}
	})
}
