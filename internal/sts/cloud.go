package sts

import (
	"net/http"
	"strings"
)

// emptyList answers az login, which looks for subscriptions and tenants.
func emptyList(_ *Service, w http.ResponseWriter, _ *http.Request, _ string) {
	answer(w, map[string]any{"value": []any{}})
}

// cloudEndpoints answers az cloud register (CLIENTS section 5). The suffix of
// vault names is not taken from here but given to that command.
func cloudEndpoints(s *Service, w http.ResponseWriter, r *http.Request, _ string) {
	at := origin(r)
	login := at
	if strings.EqualFold(s.tenant, "adfs") {
		login += "/adfs"
	}
	answer(w, map[string]any{
		"galleryEndpoint": at + "/",
		"graphEndpoint":   at + "/",
		"portalEndpoint":  at + "/",
		"authentication":  map[string]any{"loginEndpoint": login, "audiences": []string{at + "/arm"}},
	})
}

// webfinger answers MSAL.NET, which checks that an ADFS authority is trusted
// for the host that it was told.
func webfinger(_ *Service, w http.ResponseWriter, r *http.Request, _ string) {
	subject := r.URL.Query().Get("resource")
	if subject == "" {
		refuse(w, http.StatusBadRequest, "invalid_request", "Required query variable 'resource' is missing")
		return
	}
	answer(w, map[string]any{
		"subject": subject,
		"links": []map[string]string{{
			"rel": "http://schemas.microsoft.com/rel/trusted-realm", "href": origin(r),
		}},
	})
}
