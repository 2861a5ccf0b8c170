package notify

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/smtp"
	"slices"
	"strings"
)

// maxTalk bounds what a mail server may say in one conversation, in bytes.
const maxTalk = 1 << 20

// A boundedConn ends a conversation that is too long.
type boundedConn struct {
	net.Conn
	left int
}

// Read implements net.Conn.
func (c *boundedConn) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, io.ErrUnexpectedEOF
	}
	n, err := c.Conn.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}

// signIn proves to the server who is sending, with the first of PLAIN, LOGIN
// and CRAM-MD5 that it offers. The first two send the password as it is and are
// refused by us where the connection is readable.
func (k *Mail) signIn(c *smtp.Client) error {
	if k.settings.User == "" {
		return nil
	}
	password, err := k.password()
	if err != nil {
		return err
	}
	_, offered := c.Extension("AUTH")
	can := strings.Fields(strings.ToUpper(offered))
	host, user := k.tls.ServerName, k.settings.User
	var how smtp.Auth
	switch {
	case slices.Contains(can, "PLAIN"):
		how = smtp.PlainAuth("", user, password.Reveal(), host)
	case slices.Contains(can, "LOGIN"):
		how = &loginAuth{smtp.PlainAuth("", user, password.Reveal(), host), [...]string{user, password.Reveal()}, 0}
	case slices.Contains(can, "CRAM-MD5"):
		how = smtp.CRAMMD5Auth(user, password.Reveal())
	default:
		return fmt.Errorf("the mail server %s offers none of the ways to sign in that we know: PLAIN, LOGIN, CRAM-MD5", k.settings.Host)
	}
	if err := c.Auth(how); err != nil {
		return errors.New(hide(k.said("did not let us sign in", err).Error(), user, password.Reveal()))
	}
	return nil
}

// hide takes what we said to prove ourselves out of what a server answered.
func hide(text, user, password string) string {
	for _, secret := range []string{password, "\x00" + user + "\x00" + password} {
		coded := base64.StdEncoding.EncodeToString([]byte(secret))
		text = strings.NewReplacer(secret, "[hidden]", coded, "[hidden]").Replace(text)
	}
	return text
}

// loginAuth is the mechanism LOGIN, which the standard library has not: the
// server asks for the name, then for the password.
type loginAuth struct {
	guard   smtp.Auth // refuses what must not be sent in the clear
	answers [2]string
	asked   int
}

// Start implements smtp.Auth.
func (a *loginAuth) Start(server *smtp.ServerInfo) (string, []byte, error) {
	_, _, err := a.guard.Start(server)
	return "LOGIN", nil, err
}

// Next implements smtp.Auth.
func (a *loginAuth) Next(_ []byte, more bool) ([]byte, error) {
	if !more {
		return nil, nil
	}
	if a.asked == len(a.answers) {
		return nil, errors.New("it asks for more than name and password")
	}
	a.asked++
	return []byte(a.answers[a.asked-1]), nil
}
