package notify

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net"
	"net/http/httptest"
	"net/textproto"
	"strings"
	"sync"
	"testing"

	"certwright/internal/must"
)

// A postOffice is a small SMTP server over TCP (RFC 5321) with STARTTLS (RFC
// 3207) and AUTH PLAIN and LOGIN (RFC 4954). Its fields are set before it is used.
type postOffice struct {
	host   string // 127.0.0.1:PORT
	bundle string // a file with its certificate

	noTLS    bool
	implicit bool              // TLS from the first byte
	ways     string            // of signing in, as in "PLAIN LOGIN"; "" needs none
	password string            // of the user "robot"
	answers  map[string]string // to RCPT, by address; "" takes it
	onMail   string            // answer to MAIL
	onData   string            // answer to the end of DATA
	mute     bool              // says nothing, ever
	utf8     bool              // offers SMTPUTF8 (RFC 6531)
	lost     int               // so many mails are taken without telling

	mu    sync.Mutex
	taken []envelope
	calls int
}

type envelope struct {
	from, to, hello string
	secure, known   bool
	utf8            bool // MAIL asked for SMTPUTF8
	text            string
}

func (p *postOffice) open(t *testing.T) *postOffice {
	t.Helper()
	s := httptest.NewTLSServer(nil) // for its certificate, good for 127.0.0.1
	t.Cleanup(s.Close)
	config := &tls.Config{Certificates: s.TLS.Certificates}
	p.bundle = write0600(t, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must.Do(t, err)
	p.host = l.Addr().String()
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns.Go(func() { p.serve(c, config) })
		}
	})
	t.Cleanup(func() { l.Close(); conns.Wait() })
	return p
}

func (p *postOffice) serve(conn net.Conn, config *tls.Config) {
	defer func() { conn.Close() }()
	p.mu.Lock()
	p.calls++
	p.mu.Unlock()
	if p.mute {
		_, _ = conn.Read(make([]byte, 1)) // until the other side gives up
		return
	}
	var e envelope
	if p.implicit {
		conn, e.secure = tls.Server(conn, config), true
	}
	in := bufio.NewReader(conn)
	say := func(format string, args ...any) { fmt.Fprintf(conn, format+"\r\n", args...) }
	say("220 post.test ESMTP")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch strings.ToUpper(verb) {
		case "EHLO":
			e.hello = rest
			say("250-post.test")
			if !p.noTLS && !e.secure {
				say("250-STARTTLS")
			}
			if p.ways != "" && (e.secure || p.noTLS) {
				say("250-AUTH %s", p.ways)
			}
			if p.utf8 {
				say("250-SMTPUTF8")
			}
			say("250 8BITMIME")
		case "STARTTLS":
			say("220 go ahead")
			conn, e.secure = tls.Server(conn, config), true
			in = bufio.NewReader(conn)
		case "AUTH":
			e.known = p.auth(in, say, rest)
			if e.known {
				say("235 2.7.0 welcome")
			} else {
				say("535 5.7.8 not you, %s", strings.TrimPrefix(rest, "PLAIN "))
			}
		case "MAIL":
			switch {
			case p.onMail != "":
				say("%s", p.onMail)
			case p.ways != "" && !e.known:
				say("530 5.7.0 sign in first")
			default:
				e.from, e.utf8 = between(rest), strings.HasSuffix(rest, " SMTPUTF8")
				say("250 2.1.0 ok")
			}
		case "RCPT":
			e.to = between(rest)
			if answer := p.answers[e.to]; answer != "" {
				say("%s", answer)
			} else {
				say("250 2.1.5 ok")
			}
		case "DATA":
			say("354 go ahead")
			text, err := textproto.NewReader(in).ReadDotBytes()
			if err != nil {
				return
			}
			if p.onData != "" {
				say("%s", p.onData)
				continue
			}
			e.text = strings.ReplaceAll(string(text), "\n", "\r\n")
			if p.take(e) {
				return
			}
			say("250 2.0.0 taken")
		case "QUIT":
			return // rudely: the mail was taken all the same
		default:
			say("502 5.5.1 what?")
		}
	}
}

func (p *postOffice) take(e envelope) (lost bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken = append(p.taken, e)
	p.lost--
	return p.lost >= 0
}

func (p *postOffice) auth(in *bufio.Reader, say func(string, ...any), rest string) bool {
	read := func(coded string) string {
		plain, _ := base64.StdEncoding.DecodeString(strings.TrimSpace(coded))
		return string(plain)
	}
	how, first, _ := strings.Cut(rest, " ")
	if !strings.Contains(" "+p.ways+" ", " "+how+" ") {
		return false
	}
	if how == "PLAIN" {
		return read(first) == "\x00robot\x00"+p.password
	}
	say("334 VXNlcm5hbWU6")
	user, _ := in.ReadString('\n')
	say("334 UGFzc3dvcmQ6")
	password, _ := in.ReadString('\n')
	return read(user) == "robot" && read(password) == p.password
}

func (p *postOffice) mails() []envelope {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]envelope(nil), p.taken...)
}

// between is the address of MAIL FROM:<a> BODY=8BITMIME.
func between(s string) string {
	_, s, _ = strings.Cut(s, "<")
	s, _, _ = strings.Cut(s, ">")
	return s
}
