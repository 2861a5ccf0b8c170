package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// A caller is one client with a connection of its own that it keeps.
type caller struct {
	client *http.Client
	base   *url.URL
	header http.Header
	answer bytes.Buffer // of the last call
	said   http.Header  // its headers
	random *rand.Rand

	next  string // page of the list that it reads
	pages int    // that it has read of it
}

// A place is a server that callers call.
type place struct {
	pid    int
	url    string
	ca     []byte // PEM
	header http.Header

	postmaster int // of the database that it uses; 0: of none here
}

// callers returns n of them.
func (p place) callers(n int) ([]*caller, error) {
	base, err := url.Parse(p.url)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(p.ca)
	all := make([]*caller, n)
	for i := range all {
		t := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, NextProtos: []string{"http/1.1"}}, MaxIdleConnsPerHost: 1, DisableCompression: true}
		all[i] = &caller{client: &http.Client{Transport: t, Timeout: 5 * time.Minute}, base: base, header: p.header, random: rand.New(rand.NewPCG(uint64(i), 11))}
	}
	return all, nil
}

// contender is an operation at a place.
func (p place) contender(name string, callers int, do func(*caller) error) (*contender, error) {
	all, err := p.callers(callers)
	return &contender{name: name, pid: p.pid, postmaster: p.postmaster, callers: all, do: do}, err
}

const query = "api-version=7.4"

// send makes a request and reads the whole answer, which is in c.answer then.
func (c *caller) send(method, path, body string, want int) error {
	at := *c.base
	at.Path, at.RawQuery = path, query
	if before, after, ok := strings.Cut(path, "?"); ok {
		at.Path, at.RawQuery = before, after
	}
	r := &http.Request{Method: method, URL: &at, Host: at.Host, Header: c.header}
	if body != "" {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	}
	resp, err := c.client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	c.said = resp.Header
	c.answer.Reset()
	if _, err := c.answer.ReadFrom(resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != want {
		return fmt.Errorf("%s %s: %d %s", method, path, resp.StatusCode, c.answer.Bytes())
	}
	return nil
}
