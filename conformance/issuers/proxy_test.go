package issuers_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/pem"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"time"
)

// A proxy stands between the server and one authority, on https with a
// certificate of its own. The authority sees the proxy's name in Host, so that
// the addresses it hands out lead through the proxy too.
type proxy struct {
	*toll
	to     string // scheme and host of the authority
	client *http.Client
	server *httptest.Server
	limit  func(path string, body []byte) string // the problem of a 429 for an hour; "": none. nil: never
}

// openProxy starts a proxy in front of an authority; it must be closed.
func openProxy(to string, t *toll) *proxy {
	p := &proxy{toll: t, to: to, client: &http.Client{
		Timeout:       time.Minute,
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, // authorities of this test
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	p.server = httptest.NewTLSServer(http.HandlerFunc(p.pass))
	return p
}

func (p *proxy) close() {
	p.server.CloseClientConnections()
	p.server.Close()
	p.client.CloseIdleConnections()
}

// bundle writes the proxy's certificate to a folder, for ca_bundle.
func (p *proxy) bundle(folder string) (string, error) {
	path := filepath.Join(folder, "proxy.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.server.Certificate().Raw})
	return path, os.WriteFile(path, text, 0o600)
}

func (p *proxy) pass(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler) // the server died while it asked
	}
	if p.limit != nil {
		if problem := p.limit(r.URL.Path, body); problem != "" {
			w.Header().Set("Retry-After", "3600")
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = w.Write([]byte(problem)) // the server may be gone
			return
		}
	}
	here := p.next(r.Method + " " + r.URL.Path)
	switch here.fault {
	case killBefore:
		p.kill(r.RemoteAddr)
		panic(http.ErrAbortHandler)
	case cutBefore:
		panic(http.ErrAbortHandler)
	case fails:
		http.Error(w, "the proxy says so", http.StatusInternalServerError)
		return
	case busy, tooMany:
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(map[fault]int{busy: http.StatusServiceUnavailable, tooMany: http.StatusTooManyRequests}[here.fault])
		return
	case late:
		time.Sleep(2 * time.Second)
	case loses:
		p.cut(r.RemoteAddr)
	}
	answer, text := p.ask(r, body)
	if answer == nil {
		http.Error(w, "the authority is not there", http.StatusBadGateway)
		return
	}
	p.told(here, answer.StatusCode)
	switch here.fault {
	case killAfter:
		p.kill(r.RemoteAddr)
		panic(http.ErrAbortHandler)
	case cutAfter:
		panic(http.ErrAbortHandler)
	}
	maps.Copy(w.Header(), answer.Header)
	w.WriteHeader(answer.StatusCode)
	if here.fault == cutShort {
		_, _ = w.Write(text[:len(text)/2])
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(text) // the server may be gone
}

// ask hands the call on. It does not end when the caller dies: the authority
// has the call then, and its answer is what counts.
func (p *proxy) ask(r *http.Request, body []byte) (*http.Response, []byte) {
	out, err := http.NewRequestWithContext(context.WithoutCancel(r.Context()), r.Method, p.to+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		return nil, nil
	}
	out.Header, out.Host = r.Header.Clone(), r.Host
	answer, err := p.client.Do(out)
	if err != nil {
		return nil, nil
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, nil
	}
	return answer, text
}
