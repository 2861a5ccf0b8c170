package api

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// headers sets what every answer carries (WIRE section 1).
func (h *Handler) headers(to http.Header, r *http.Request, requestID string) {
	to.Set("Cache-Control", "no-cache")
	to.Set("Pragma", "no-cache")
	to.Set("Expires", "-1")
	to.Set("Strict-Transport-Security", "max-age=31536000;includeSubDomains")
	to.Set("X-Content-Type-Options", "nosniff")
	to.Set("x-ms-keyvault-region", h.Region)
	to.Set("x-ms-keyvault-service-version", h.ServiceVersion)
	to.Set("x-ms-keyvault-network-info", network(r.RemoteAddr))
	to.Set("x-ms-request-id", requestID)
	if strings.EqualFold(r.Header.Get("x-ms-return-client-request-id"), "true") {
		if id := r.Header.Get("x-ms-client-request-id"); id != "" && len(id) <= 128 {
			to.Set("x-ms-client-request-id", id)
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
		head.Set("Retry-After", "1") // SDKs then wait exactly that (CLIENTS SHOULD 16)
	}
	if a.status == 0 {
		a.status = http.StatusOK
	}
	if a.status != http.StatusNoContent {
		head.Set("Content-Type", a.contentType())
		head.Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(a.status)
	if method != http.MethodHead && len(body) > 0 {
		w.Write(body) // the client may be gone; nothing to do then
	}
}

func (a answer) contentType() string {
	if a.kind != "" {
		return a.kind
	}
	return "application/json; charset=utf-8"
}

// bytes returns the body as it goes out.
func (a answer) bytes() ([]byte, error) {
	if a.text != nil || a.body == nil {
		return a.text, nil
	}
	return encode(a.body)
}

// encode writes JSON as the service does: without spaces, and with <, > and &
// as they are.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

func wholeSeconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}

// A writer notes what went out.
type writer struct {
	http.ResponseWriter
	o *Observation
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

// newGUID returns a random UUID (RFC 9562, version 4), the form of x-ms-request-id.
func newGUID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
