package api

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

	"certwright/internal/service"
	"certwright/internal/vault"
	"certwright/internal/wire"
)

// A row is one operation of the API: where it is, what the specification calls
// it, and the function that decodes, makes one service call and encodes.
type row struct {
	method, path string
	operation    string // the specification's operationId
	serve        serve
	limit        int64 // of the request body, in bytes; 0: the row reads none
	// asks is the permission that the call of service will ask for, where the row
	// reads a body: it is asked for before a large one is read as well. Where that
	// depends on the key, it is the least.
	asks vault.Action
}

// serve is the one signature of the table's functions.
type serve = func(*service.Service, *call) (answer, error)

// rows is the one table of routes.
func rows() []row {
	return slices.Concat(kindRows(vault.Certificates), kindRows(vault.Keys), kindRows(vault.Secrets),
		certificateRows(), pendingRows(), vaultRows(), keyRows(), secretRows())
}

func certificateRows() []row {
	return []row{
		{"GET", "/certificates/{name}", "GetCertificate", getObject(vault.Certificates), 0, ""},
		{"PATCH", "/certificates/{name}", "UpdateCertificate", updateCertificate, maxBody, "certificates/update"},
		{"GET", "/certificates/{name}/{version}", "GetCertificate", getObject(vault.Certificates), 0, ""},
		{"PATCH", "/certificates/{name}/{version}", "UpdateCertificate", updateCertificate, maxBody, "certificates/update"},
		{"POST", "/certificates/{name}/create", "CreateCertificate", createCertificate, maxBody, "certificates/create"},
		{"POST", "/certificates/{name}/import", "ImportCertificate", importCertificate, maxBody, "certificates/import"},
		{"GET", "/certificates/{name}/policy", "GetCertificatePolicy", getPolicy, 0, ""},
		{"PATCH", "/certificates/{name}/policy", "UpdateCertificatePolicy", updatePolicy, maxBody, "certificates/update"},
	}
}

func pendingRows() []row {
	return []row{
		{"GET", "/certificates/{name}/pending", "GetCertificateOperation", getOperation, 0, ""},
		{"PATCH", "/certificates/{name}/pending", "UpdateCertificateOperation", updateOperation, maxBody, "certificates/update"},
		{"DELETE", "/certificates/{name}/pending", "DeleteCertificateOperation", deleteOperation, 0, ""},
		{"POST", "/certificates/{name}/pending/merge", "MergeCertificate", mergeCertificate, maxBody, "certificates/create"},
	}
}

func vaultRows() []row {
	return []row{
		{"GET", "/certificates/contacts", "GetCertificateContacts", getContacts, 0, ""},
		{"PUT", "/certificates/contacts", "SetCertificateContacts", putContacts, maxBody, "certificates/managecontacts"},
		{"DELETE", "/certificates/contacts", "DeleteCertificateContacts", deleteContacts, 0, ""},
		{"GET", "/certificates/issuers", "GetCertificateIssuers", listIssuers, 0, ""},
		{"GET", "/certificates/issuers/{issuer}", "GetCertificateIssuer", getIssuer, 0, ""},
		{"PUT", "/certificates/issuers/{issuer}", "SetCertificateIssuer", putIssuer, maxBody, "certificates/setissuers"},
		{"PATCH", "/certificates/issuers/{issuer}", "UpdateCertificateIssuer", updateIssuer, maxBody, "certificates/setissuers"},
		{"DELETE", "/certificates/issuers/{issuer}", "DeleteCertificateIssuer", deleteIssuer, 0, ""},
	}
}

// A router finds the row of a request. It matches the path before the method,
// so that a word of the API never gives way to a name and a wrong method is
// told apart from an unknown path.
type router struct {
	mux     *chi.Mux
	table   map[string]map[string]*row // by pattern, then method
	words   wire.Literals
	longest int // segments of the longest pattern
}

func newRouter(table []row) (*router, error) {
	rt := &router{mux: chi.NewMux(), table: map[string]map[string]*row{}, words: wire.Literals{}}
	for i, r := range table {
		methods := rt.table[r.path]
		if methods == nil {
			methods = map[string]*row{}
			rt.table[r.path] = methods
			rt.mux.Handle(r.path, http.NotFoundHandler()) // only matched, never served
			rt.longest = max(rt.longest, rt.words.Add(r.path))
		}
		if methods[r.method] != nil {
			return nil, fmt.Errorf("api: two rows for %s %s", r.method, r.path)
		}
		methods[r.method] = &table[i]
	}
	return rt, nil
}

// A route is what a request's path means.
type route struct {
	row                   *row
	name, version, issuer string   // as typed
	allow                 []string // the methods there are, where row is nil
}

// find returns the route, or a refusal: 404 for an unknown path, 405 for a
// wrong method.
func (rt *router) find(method, escaped string) (route, error) {
	segs, ok := wire.Segments(escaped, rt.longest)
	switch {
	case !ok:
		return route{}, vault.Bad("The path cannot be decoded.")
	case len(segs) == 0:
		return route{}, vault.NoRoute("/")
	case len(segs) > rt.longest:
		return route{}, vault.NoRoute(printable(escaped))
	}
	path := rt.words.Normalise(segs)
	rctx := chi.NewRouteContext()
	pattern := rt.mux.Find(rctx, http.MethodGet, path)
	methods := rt.table[pattern]
	if methods == nil {
		return route{}, vault.NoRoute(printable(path))
	}
	to := route{row: methods[method]}
	for _, p := range []struct {
		key string
		to  *string
	}{{"name", &to.name}, {"version", &to.version}, {"issuer", &to.issuer}} {
		if v := rctx.URLParam(p.key); v != "" {
			*p.to, _ = url.PathUnescape(v) // normalise escaped it
		}
	}
	if collection, _, _ := strings.Cut(pattern[1:], "/"); rt.words["/"+collection+"/"+strings.ToLower(to.name)] {
		return route{}, vault.NoRoute(printable(path)) // chi went back from a word to a name
	}
	if to.row == nil {
		for m := range methods {
			to.allow = append(to.allow, m)
		}
		slices.Sort(to.allow)
		return to, vault.WrongMethod(printable(method))
	}
	return to, nil
}

// printable bounds a caller's text for a message.
func printable(s string) string {
	if len(s) > 200 {
		s = s[:200] + "..."
	}
	return strings.ToValidUTF8(s, "?")
}

// Routes lists what is answered here, as method and path.
func Routes() (list []string) {
	for _, r := range rows() {
		list = append(list, r.method+" "+r.path)
	}
	return list
}
