package api

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

func TestLists(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	for i := range 5 {
		g.must(202, "POST", fmt.Sprintf("/certificates/c%d/create", i), selfPolicy)
		if i != 2 {
			g.must(200, "GET", fmt.Sprintf("/certificates/c%d", i), "")
		}
	}
	for _, tt := range []struct {
		query string
		want  string
	}{
		{"", "c0 c1 c3 c4"},
		{"?maxresults=1", "c0,c1,c3,c4"},
		{"?maxresults=3&includePending=false", "c0 c1 c3,c4"},
		{"?maxresults=2&includePending=true", "c0 c1,c2 c3,c4"},
		{"?includepending=TRUE", "c0 c1 c2 c3 c4"},
		{"?api%2Dversion=7.4&maxresults=4", "c0 c1 c3 c4"},
	} {
		if got := g.pages("/certificates"+tt.query, "id"); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.query, got, tt.want)
		}
	}
	if got := g.pages("/keys?maxresults=3", "kid"); got != "c0 c1 c3,c4" {
		t.Errorf("keys: %s", got)
	}
	if got := g.pages("/secrets", "id"); got != "c0 c1 c3 c4" {
		t.Errorf("secrets: %s", got)
	}
	if got := g.must(200, "GET", "/certificates/none/versions", "").body; got != `{"value":[],"nextLink":null}` {
		t.Errorf("versions of nothing: %s", got)
	}
	if got := g.must(200, "GET", "/deletedcertificates", "").body; got != `{"value":[],"nextLink":null}` {
		t.Errorf("nothing deleted: %s", got)
	}
}

// pages follows nextLink to the end and returns the names, a comma between pages.
func (g *rig) pages(target, id string) string {
	g.t.Helper()
	var pages []string
	for target != "" {
		if len(pages) > 20 {
			g.t.Fatal("the pages do not end")
		}
		if !strings.Contains(target, "version=7.4") && !strings.Contains(target, "api%2Dversion") {
			target = strings.Replace(target+"&api-version=7.4", "?&", "?", 1)
			if !strings.Contains(target, "?") {
				target = strings.Replace(target, "&", "?", 1)
			}
		}
		got := g.serve(request("GET", target, ""))
		if got.status != 200 {
			g.t.Fatalf("%s: %d %s", target, got.status, got.body)
		}
		var names []string
		for _, it := range got.json()["value"].([]any) {
			s := it.(map[string]any)[id].(string)
			names = append(names, s[strings.LastIndexByte(s, '/')+1:])
		}
		pages = append(pages, strings.Join(names, " "))
		next, _ := got.json()["nextLink"].(string)
		target = strings.TrimPrefix(next, "https://"+testHost)
		target = strings.Replace(target, "$skiptoken", "%24skiptoken", len(pages)%2) // JS sends $, Go %24
	}
	return strings.Join(pages, ",")
}

func TestNextLinkForm(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	for _, n := range []string{"a", "b"} {
		g.must(202, "POST", "/certificates/"+n+"/create", selfPolicy)
		g.must(200, "GET", "/certificates/"+n, "")
	}
	next := g.must(200, "GET", "/certificates?maxresults=1", "").json()["nextLink"].(string)
	if !regexp.MustCompile(`^https://web\.vault\.localhost:8443/certificates\?api-version=7\.4&\$skiptoken=[0-9A-Za-z_-]+&maxresults=1$`).MatchString(next) {
		t.Errorf("nextLink %s", next)
	}
	r := request("GET", "/certificates?maxresults=1&api-version=7.4", "")
	r.Host = "web.vault.localhost:443"
	if next := g.serve(r).json()["nextLink"].(string); !strings.HasPrefix(next, "https://web.vault.localhost/certificates?") {
		t.Errorf("nextLink at port 443: %s", next)
	}
}
