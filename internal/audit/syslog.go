package audit

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"certwright/internal/clock"
)

// A collector is a sink that speaks syslog (RFC 5424) over TCP or TLS, each
// message behind its length (RFC 6587, 5425).
type collector struct {
	address string
	tls     *tls.Config // nil: plain
	head    string      // of each message, from the host on
	conn    net.Conn    // nil: not connected
}

const (
	syslogTime     = 5 * time.Second
	syslogPriority = 13*8 + 6 // log audit, informational
)

func openSyslog(s SyslogSettings, server string) (*collector, error) {
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "-"
	}
	c := &collector{address: s.Address, head: fmt.Sprintf(" %s certwright %d audit - ", host, os.Getpid())}
	if !s.TLS {
		return c, nil
	}
	name, _, err := net.SplitHostPort(s.Address)
	if err != nil {
		return nil, err
	}
	c.tls = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: name}
	if s.CABundle != "" {
		text, err := os.ReadFile(s.CABundle)
		if err != nil {
			return nil, fmt.Errorf("syslog: ca_bundle: %w", err)
		}
		c.tls.RootCAs = x509.NewCertPool()
		if !c.tls.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("syslog: ca_bundle: %s holds no certificate in PEM", s.CABundle)
		}
	}
	return c, nil
}

// write implements sink. Whatever was sent before a connection broke is sent
// again: the collector may get a line twice, which the line's number tells.
func (c *collector) write(lines []byte, _ bool) error {
	if err := c.connect(); err != nil {
		return err
	}
	at := clock.Real{}.Now()
	_ = c.conn.SetWriteDeadline(at.Add(syslogTime)) // a connection has deadlines
	if _, err := c.conn.Write(c.messages(lines, at)); err != nil {
		_ = c.close()
		return err
	}
	return nil
}

// messages are the lines as messages.
func (c *collector) messages(lines []byte, at time.Time) []byte {
	out := make([]byte, 0, len(lines)+len(lines)/4)
	head := "<" + strconv.Itoa(syslogPriority) + ">1 " + at.UTC().Format("2006-01-02T15:04:05.000000Z") + c.head
	for line := range bytes.Lines(lines) {
		line = bytes.TrimSuffix(line, []byte("\n"))
		out = strconv.AppendInt(out, int64(len(head)+len(line)), 10)
		out = append(out, ' ')
		out = append(append(out, head...), line...)
	}
	return out
}

func (c *collector) connect() (err error) {
	if c.conn != nil {
		return nil
	}
	d := &net.Dialer{Timeout: syslogTime}
	if c.tls == nil {
		c.conn, err = d.Dial("tcp", c.address)
		return err
	}
	conn, err := tls.DialWithDialer(d, "tcp", c.address, c.tls)
	if err == nil {
		c.conn = conn
	}
	return err
}

// close implements sink.
func (c *collector) close() error {
	if c.conn == nil {
		return nil
	}
	err := c.conn.Close()
	c.conn = nil
	return err
}
