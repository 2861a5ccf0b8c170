package sts

import "net/http"

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
