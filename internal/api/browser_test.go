package api

import (
	"strings"
	"testing"
)

// A web page under a name that leads here (DNS rebinding) may send any token
// to a development server, but cannot keep the browser from saying what it is.
func TestWebPagesAreRefused(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	for _, tt := range []struct {
		name   string
		header []string
		status int
	}{
		{"a program", nil, 200},
		{"a person", []string{"Sec-Fetch-Site", "none"}, 200},
		{"a program that names a mode", []string{"Sec-Fetch-Mode", "cors"}, 200},
		{"another site", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"a site nearby", []string{"Sec-Fetch-Site", "same-site"}, 403},
		{"a rebound name", []string{"Sec-Fetch-Site", "same-origin", "Origin", "https://" + testHost}, 403},
		{"something new", []string{"Sec-Fetch-Site", "other"}, 403},
		{"two of them", []string{"Sec-Fetch-Site", "none", "Sec-Fetch-Site", "cross-site"}, 403},
		{"an older browser", []string{"Origin", "https://" + testHost}, 403},
		{"a sandboxed page", []string{"Origin", "null"}, 403},
	} {
		r := request("GET", "/certificates?api-version=7.4", "")
		for i := 0; i+1 < len(tt.header); i += 2 {
			r.Header.Add(tt.header[i], tt.header[i+1])
		}
		got := g.serve(r)
		if got.status != tt.status {
			t.Errorf("%s: %d %s, want %d", tt.name, got.status, got.body, tt.status)
		}
		if tt.status == 403 && (got.code() != "Forbidden" || !strings.Contains(got.message(), "web page")) {
			t.Errorf("%s: %s", tt.name, got.body)
		}
		r.Header.Del("Authorization")
		if got := g.serve(r); got.status != 401 {
			t.Errorf("%s without a token: %d, want the challenge", tt.name, got.status)
		}
	}
	if log := g.log.String(); !strings.Contains(log, "level=WARN") || !strings.Contains(log, "hint=") {
		t.Errorf("the log has no hint: %s", log)
	}
}
