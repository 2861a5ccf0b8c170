package proxy

import (
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"
)

// plain passes a request for plain http on: JavaScript sends those to the proxy
// for https as well. A vault has no such listener.
func (p *Proxy) plain(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Scheme == "" || r.URL.Host == "":
		refuse(w, http.StatusBadRequest, "This is a proxy: give its address to a program as HTTPS_PROXY.")
	case r.URL.Scheme != "http":
		refuse(w, http.StatusBadRequest, "Hosts are called through this proxy by CONNECT, or by plain http.")
	case p.Ours(r.URL.Hostname()):
		refuse(w, http.StatusBadRequest, "Vaults are called by https only.")
	default:
		p.forward.ServeHTTP(w, r)
	}
}

// forwarder returns what passes requests on and changes nothing in them but
// what is said between neighbours (RFC 9110 section 7.6.1).
func (p *Proxy) forwarder() http.Handler {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.RawQuery = r.In.URL.RawQuery
			for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
				if said, ok := r.In.Header[name]; ok {
					r.Out.Header[name] = said
				}
			}
		},
		Transport: &http.Transport{
			Proxy:                 func(r *http.Request) (*url.URL, error) { return p.via(r.URL) },
			DisableCompression:    true,
			DisableKeepAlives:     true, // nothing of a request stays behind
			ResponseHeaderTimeout: p.Idle,
			TLSHandshakeTimeout:   10 * time.Second,
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			refuse(w, http.StatusBadGateway, fmt.Sprintf("%s cannot be reached: %v", r.URL.Host, err))
		},
	}
}
