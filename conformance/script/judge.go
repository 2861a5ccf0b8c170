package script

import (
	"net/http"
	"reflect"
	"regexp"
	"strings"
)

var longText = regexp.MustCompile(`[A-Za-z0-9+/_-]{80,}={0,2}`)

// everyAnswer are the headers that the service sets on all its answers (docs/contract/wire.md).
var everyAnswer = [][2]string{
	{"Cache-Control", "no-cache"}, {"Pragma", "no-cache"}, {"Expires", "-1"},
	{"Strict-Transport-Security", "max-age=31536000;includeSubDomains"}, {"X-Content-Type-Options", "nosniff"},
	{"x-ms-keyvault-region", "{string}"}, {"x-ms-keyvault-service-version", "{string}"}, {"x-ms-request-id", "{uuid}"},
	{"x-ms-keyvault-network-info", "conn_type=Ipv4;addr={string};act_addr_fam=InterNetwork;"},
}

// telling are the headers that mean something; one that a script does not
// name must not be there.
var telling = []string{"Location", "Retry-After", "WWW-Authenticate", "Allow", "x-ms-client-request-id"}

func (r *run) judge(want *Answer, got *reply) {
	if got.status != want.Status {
		r.differ("status", "got %d, want %d", got.status, want.Status)
	}
	r.judgeHeaders(want, got)
	switch {
	case got.broken != nil && !want.AnyBody:
		r.differ("body", "no JSON: %v", got.broken)
	case want.Body != nil && len(got.raw) == 0:
		r.differ("body", "there is none")
	case want.Body != nil:
		want.Body.match(&r.match, "$", got.body)
	case !want.AnyBody && len(got.raw) > 0:
		r.differ("body", "there should be none")
	}
}

func (r *run) judgeHeaders(want *Answer, got *reply) {
	expected := append([][2]string{}, everyAnswer...)
	if len(got.raw) > 0 && !named(want.Headers, "Content-Type") {
		expected = append(expected, [2]string{"Content-Type", "application/json; charset=utf-8"})
	}
	if len(got.raw) == 0 {
		expected = append(expected, [2]string{"Content-Type", "{absent}"})
	}
	for _, h := range telling {
		if !named(want.Headers, h) {
			expected = append(expected, [2]string{h, "{absent}"})
		}
	}
	for _, h := range append(expected, want.Headers...) {
		r.judgeHeader(h[0], h[1], got.header)
	}
}

func (r *run) judgeHeader(name, want string, got http.Header) {
	values := got.Values(name)
	if want == "{maybe}" { // there or not, with any value
		return
	}
	if want == "{absent}" {
		if len(values) > 0 {
			r.differ("header "+name, "not expected: %s", strings.Join(values, " | "))
		}
		return
	}
	if len(values) != 1 {
		r.differ("header "+name, "got %d of it, want one: %s", len(values), r.fill(want))
		return
	}
	n, err := pattern(want)
	if err != nil {
		r.differ("header "+name, "%v", err)
		return
	}
	n.match(&r.match, "header "+name, values[0])
}

func named(h [][2]string, name string) bool {
	for _, x := range h {
		if strings.EqualFold(x[0], name) {
			return true
		}
	}
	return false
}

// watch remembers what a path answers now.
func (r *run) watch(path string) error {
	path = r.fill(path)
	got, err := r.send(&Request{Method: "GET", URL: path})
	if err != nil {
		return err
	}
	if _, there := r.watched[path]; !there {
		r.order = append(r.order, path)
	}
	r.watched[path] = http.StatusText(got.status) + " " + string(got.raw)
	return nil
}

// unchanged tells whether a refusal changed what a watched path answers.
func (r *run) unchanged() {
	for _, path := range r.order {
		got, err := r.send(&Request{Method: "GET", URL: path})
		if err != nil {
			r.differ("GET "+path, "%v", err)
			continue
		}
		now := http.StatusText(got.status) + " " + string(got.raw)
		if !reflect.DeepEqual(now, r.watched[path]) {
			r.differ("GET "+path, "changed by a refused request from %s to %s", abbreviate(r.watched[path]), abbreviate(now))
		}
	}
}
