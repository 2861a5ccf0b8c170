package proxy

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
)

const maxAnswer = 64 << 10 // bytes of another proxy's answer

// through makes a tunnel at another proxy, the one that the environment named
// before this one stood in its place.
func through(ctx context.Context, via *url.URL, addr string) (net.Conn, error) {
	c, err := meet(ctx, via)
	if err != nil {
		return nil, fmt.Errorf("by the proxy %s: %w", via.Redacted(), err)
	}
	end := context.AfterFunc(ctx, func() { c.Close() })
	far, err := ask(c, via.User, addr)
	if !end() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		c.Close()
		return nil, fmt.Errorf("by the proxy %s: %w", via.Redacted(), err)
	}
	return far, nil
}

// meet connects to the other proxy.
func meet(ctx context.Context, via *url.URL) (net.Conn, error) {
	port, secure := "80", via.Scheme == "https"
	if secure {
		port = "443"
	}
	if !secure && via.Scheme != "http" {
		return nil, errors.New("only http and https proxies can be gone through")
	}
	if via.Port() != "" {
		port = via.Port()
	}
	c, err := dial(ctx, net.JoinHostPort(via.Hostname(), port))
	if err != nil || !secure {
		return c, err
	}
	t := tls.Client(c, &tls.Config{ServerName: via.Hostname(), MinVersion: tls.VersionTLS12})
	if err := t.HandshakeContext(ctx); err != nil {
		c.Close()
		return nil, err
	}
	return t, nil
}

// ask sends CONNECT and reads the answer.
func ask(c net.Conn, who *url.Userinfo, addr string) (net.Conn, error) {
	r := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: addr}, Host: addr, Header: http.Header{}}
	if who != nil {
		password, _ := who.Password()
		r.Header.Set("Proxy-Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(who.Username()+":"+password)))
	}
	if err := r.Write(c); err != nil {
		return nil, err
	}
	head := &io.LimitedReader{R: c, N: maxAnswer}
	in := bufio.NewReader(head)
	answer, err := http.ReadResponse(in, r)
	if err != nil {
		return nil, fmt.Errorf("it does not answer as a proxy does: %w", err)
	}
	if answer.StatusCode/100 != 2 {
		return nil, fmt.Errorf("it answers %s", answer.Status)
	}
	return after(in, c), nil
}
