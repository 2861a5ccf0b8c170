package api

import "testing"

// TestBodiesThatAreNotJSON: a body must be said to be JSON; the refusal has the
// one form of its own. No body needs no type.
func TestBodiesThatAreNotJSON(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	for media, want := range map[string]string{
		"application/json":                  "",
		"Application/JSON; charset=utf-8":   "",
		"application/merge-patch+json":      "",
		"text/json":                         "",
		"":                                  `{"Message":"The request contains an entity body but no Content-Type header. The inferred media type 'application/octet-stream' is not supported for this resource."}`,
		"text/plain; charset=utf-8":         `{"Message":"The request entity's media type 'text/plain' is not supported for this resource."}`,
		"application/x-www-form-urlencoded": `{"Message":"The request entity's media type 'application/x-www-form-urlencoded' is not supported for this resource."}`,
		"application/jsonp":                 `{"Message":"The request entity's media type 'application/jsonp' is not supported for this resource."}`,
		"image/svg+json":                    `{"Message":"The request entity's media type 'image/svg+json' is not supported for this resource."}`,
	} {
		r := request("PUT", "/secrets/s?api-version=7.4", `{"value":"x"}`)
		r.Header.Del("Content-Type")
		if media != "" {
			r.Header.Set("Content-Type", media)
		}
		switch got := g.serve(r); {
		case want == "" && got.status != 200:
			t.Errorf("%q: %d %s", media, got.status, got.body)
		case want != "" && (got.status != 415 || got.body != want):
			t.Errorf("%q: %d %s, want 415 %s", media, got.status, got.body, want)
		}
	}
	r := request("POST", "/secrets/s/backup?api-version=7.4", "")
	r.Header.Del("Content-Type")
	if got := g.serve(r); got.status != 200 {
		t.Errorf("a POST without a body: %d %s", got.status, got.body)
	}
	r = request("PUT", "/secrets/s?api-version=7.4", `{"value":"x"}`)
	r.Header.Del("Content-Type")
	r.Header.Del("Authorization")
	if got := g.serve(r); got.status != 401 {
		t.Errorf("without a token: %d, want the challenge first", got.status)
	}
}
