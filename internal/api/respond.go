package api

import (
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"certwright/internal/audit"
	"certwright/internal/wire"
)

// A fixedHeader is the same on every answer.
type fixedHeader struct {
	name  string
	value []string
}

// fixedHeaders are those headers (docs/contract/wire.md).
func (h *Handler) fixedHeaders() (all []fixedHeader) {
	for name, value := range map[string]string{
		"Cache-Control":                 "no-cache",
		"Pragma":                        "no-cache",
		"Expires":                       "-1",
		"Strict-Transport-Security":     "max-age=31536000;includeSubDomains",
		"X-Content-Type-Options":        "nosniff",
		"x-ms-keyvault-region":          h.Region,
		"x-ms-keyvault-service-version": h.ServiceVersion,
	} {
		all = append(all, fixedHeader{http.CanonicalHeaderKey(name), []string{value}})
	}
	return all
}

// The headers of a request and its answer, in the form that http.Header has them.
const (
	networkHeader      = "X-Ms-Keyvault-Network-Info"
	requestIDHeader    = "X-Ms-Request-Id"
	clientIDHeader     = "X-Ms-Client-Request-Id"
	wantClientIDHeader = "X-Ms-Return-Client-Request-Id"
)

// headers sets what every answer carries.
func (h *Handler) headers(to http.Header, r *http.Request, requestID string) {
	for _, f := range h.fixed {
		to[f.name] = f.value // shared: nobody adds to them
	}
	own := []string{network(r.RemoteAddr), requestID}
	to[networkHeader], to[requestIDHeader] = own[:1:1], own[1:]
	if strings.EqualFold(r.Header.Get(wantClientIDHeader), "true") {
		if id := r.Header.Get(clientIDHeader); id != "" && len(id) <= 128 {
			to.Set(clientIDHeader, id)
		}
	}
}

// network says where the client is, in the service's words.
func network(remote string) string {
	addr, _, err := net.SplitHostPort(remote)
	if err != nil {
		addr = "unknown"
	}
	if strings.Contains(addr, ":") {
		return "conn_type=Ipv6;addr=" + addr + ";act_addr_fam=InterNetworkV6;"
	}
	return "conn_type=Ipv4;addr=" + addr + ";act_addr_fam=InterNetwork;"
}

// write sends an answer. One that has no body gets no Content-Type either.
func (h *Handler) write(w *writer, a answer, method string) {
	body, err := a.bytes()
	if err != nil {
		panic(fmt.Errorf("encode the answer: %w", err)) // a bug in this package
	}
	head := w.Header()
	if a.location != "" {
		head.Set("Location", a.location)
	}
	switch {
	case a.wait:
		head.Set("Retry-After", wholeSeconds(h.RetryAfter))
	case a.status == http.StatusTooManyRequests || a.status == http.StatusServiceUnavailable:
		head.Set("Retry-After", "1") // SDKs then wait exactly that (docs/contract/wire.md)
	}
	if a.status == 0 {
		a.status = http.StatusOK
	}
	if a.status != http.StatusNoContent {
		head["Content-Type"] = a.contentType()
		head["Content-Length"] = []string{strconv.Itoa(len(body))}
	}
	w.WriteHeader(a.status)
	if method != http.MethodHead && len(body) > 0 {
		w.Write(body) // the client may be gone; nothing to do then
	}
}

// jsonType is shared by answers: nobody adds to it.
var jsonType = []string{"application/json; charset=utf-8"}

func (a answer) contentType() []string {
	if a.kind != "" {
		return []string{a.kind}
	}
	return jsonType
}

// bytes returns the body as it goes out.
func (a answer) bytes() ([]byte, error) {
	if a.text != nil || a.body == nil {
		return a.text, nil
	}
	return wire.Encode(a.body)
}

func wholeSeconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}

// A writer notes what went out.
type writer struct {
	http.ResponseWriter
	o      *Observation
	record *audit.Record // nil: there is no audit
}

// WriteHeader notes the status.
func (w *writer) WriteHeader(status int) {
	w.o.Status = status
	w.ResponseWriter.WriteHeader(status)
}

// Write counts the bytes.
func (w *writer) Write(b []byte) (int, error) {
	n, err := w.ResponseWriter.Write(b)
	w.o.Bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController find the connection.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }
