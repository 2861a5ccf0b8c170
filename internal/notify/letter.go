package notify

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"
	"time"

	"certwright/internal/vault"
)

// maxSubject bounds a subject, in bytes.
const maxSubject = 250

// A letter is a mail to one receiver, ready for the server.
type letter struct {
	to   string // the address alone
	text []byte // RFC 5322, lines ended by CRLF
}

// readMail reads the body of a message of vault.TopicMail.
func readMail(m vault.Message) (l vault.Mail, err error) {
	if err := json.Unmarshal(m.Body, &l); err != nil {
		return l, &Refused{"the mail cannot be read"}
	}
	if len(l.To) == 0 {
		return l, &Refused{"the mail is for nobody"}
	}
	return l, nil
}

// write makes the mail of a message. It is the same to the byte whenever it is
// made: its id, date and boundary come from the message.
func write(from *mail.Address, m vault.Message) (letter, error) {
	l, err := readMail(m)
	if err != nil {
		return letter{}, err
	}
	to, err := mail.ParseAddress(l.To[0])
	if err != nil || !vault.IsAddress(to.Address) {
		return letter{}, &Refused{fmt.Sprintf("%q is not a valid mail address", l.To[0])}
	}
	boundary := "=_" + m.ID // "=_" cannot occur in quoted-printable text
	var b bytes.Buffer
	for _, h := range [][2]string{
		{"From", from.String()},
		{"To", (&mail.Address{Address: to.Address}).String()},
		{"Subject", subject(l.Subject)},
		{"Date", m.At.UTC().Format(time.RFC1123Z)},
		{"Message-ID", messageID(m, from.Address, to.Address)},
		{"MIME-Version", "1.0"},
		{"Auto-Submitted", "auto-generated"}, // RFC 3834: no answers from absent people
		{"Content-Type", `multipart/alternative; boundary="` + boundary + `"`},
	} {
		b.WriteString(h[0] + ": " + h[1] + "\r\n")
	}
	parts := []struct{ kind, text string }{{"text/plain", l.Text}, {"text/html", l.HTML}}
	if l.HTML == "" {
		parts = parts[:1]
	}
	for _, p := range parts {
		b.WriteString("\r\n--" + boundary + "\r\nContent-Type: " + p.kind + "; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n")
		w := quotedprintable.NewWriter(&b)
		_, _ = w.Write([]byte(lines(p.text)))
		_ = w.Close() // into memory: cannot fail
	}
	b.WriteString("\r\n--" + boundary + "--\r\n")
	return letter{to.Address, b.Bytes()}, nil
}

// lines ends every line with CRLF.
func lines(s string) string {
	return strings.ReplaceAll(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s), "\n", "\r\n")
}

// subject is one header line, folded between encoded words, without anything
// that could begin another.
func subject(s string) string {
	return strings.ReplaceAll(mime.QEncoding.Encode("utf-8", textproto.TrimString(plain(s, maxSubject))), "?= =?", "?=\r\n =?")
}

// messageID is the same for every try, so that receivers can tell doubles, and
// another for every receiver.
func messageID(m vault.Message, from, to string) string {
	sum := sha256.Sum256([]byte(strings.ToLower(to)))
	return "<" + m.ID + "." + hex.EncodeToString(sum[:6]) + "@" + domain(from) + ">"
}

func domain(address string) string { return address[strings.LastIndexByte(address, '@')+1:] }
