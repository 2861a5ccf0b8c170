// Command program is an SMTP server for checks: it takes mails from the user
// "robot" over TLS and prints each as a line of JSON. The first line that it
// prints is where it listens.
package main

import (
	"crypto/tls"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"strings"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

func main() {
	cert := flag.String("cert", "", "PEM file with certificate and key")
	password := flag.String("password", "", "of the user robot")
	implicit := flag.Bool("tls", false, "TLS from the first byte")
	flag.Parse()
	if err := serve(*cert, *password, *implicit); err != nil {
		log.Fatal(err)
	}
}

func serve(cert, password string, implicit bool) error {
	pair, err := tls.LoadX509KeyPair(cert, cert)
	if err != nil {
		return fmt.Errorf("read the certificate: %w", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	s := smtp.NewServer(backend{password, json.NewEncoder(os.Stdout)})
	s.Domain, s.EnableSMTPUTF8, s.MaxMessageBytes = "mail.test", true, 1<<20
	s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	fmt.Println(l.Addr())
	if implicit {
		l = tls.NewListener(l, s.TLSConfig)
	}
	return s.Serve(l)
}

type backend struct {
	password string
	out      *json.Encoder
}

// NewSession implements smtp.Backend.
func (b backend) NewSession(c *smtp.Conn) (smtp.Session, error) {
	return &session{backend: b, conn: c}, nil
}

// A session is one connection; its exported fields are what is printed.
type session struct {
	backend `json:"-"`
	conn    *smtp.Conn

	User, Hello, From, Text string
	To                      []string
	TLS                     bool
}

// AuthMechanisms implements smtp.AuthSession.
func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

// Auth implements smtp.AuthSession.
func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "robot" || password != s.password {
			return smtp.ErrAuthFailed
		}
		s.User = user
		return nil
	}), nil
}

// Mail implements smtp.Session.
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.User == "" {
		return smtp.ErrAuthRequired
	}
	s.From = from
	return nil
}

// Rcpt implements smtp.Session: nobody is at nowhere.test.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if strings.HasSuffix(to, "@nowhere.test") {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
	}
	s.To = append(s.To, to)
	return nil
}

// Data implements smtp.Session.
func (s *session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.Text, s.Hello = string(text), s.conn.Hostname()
	_, s.TLS = s.conn.TLSConnectionState()
	return s.out.Encode(s)
}

// Reset implements smtp.Session.
func (s *session) Reset() { s.From, s.To = "", nil }

// Logout implements smtp.Session.
func (s *session) Logout() error { return nil }
