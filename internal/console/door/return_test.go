package door

import (
	"strings"
	"testing"
)

// Who signs in comes back to a page of the console, whatever an address says.
func TestLocal(t *testing.T) {
	t.Parallel()
	for to, want := range map[string]string{
		"/ui/":                                  "/ui/",
		"/ui/certificates?text=a%2Fb&to=//host": "/ui/certificates?text=a%2Fb&to=//host",
		"/ui/certificates/web/www/key":          "/ui/certificates/web/www/key",
		"/ui/orders#part":                       "/ui/orders",
		"":                                      home,
		"/":                                     home,
		"/certificates":                         home,
		"/uix/":                                 home,
		"//host/ui/":                            home,
		"///host/ui/":                           home,
		"https://host/ui/":                      home,
		"https:/ui/orders":                      home,
		"http:ui/orders":                        home,
		"javascript:/ui/orders":                 home,
		"javascript:alert(1)//ui/":              home,
		"/\\host/ui/":                           home,
		"/ui/\\host":                            home,
		"/ui/%5chost":                           home,
		"/ui/orders?a=\\":                       home,
		"/ui//host":                             home,
		"/ui/../../host":                        home,
		"/ui/..//host":                          home,
		"/ui/%2e%2e//host":                      home,
		"/ui/%2e%2e/%2fhost":                    home,
		"/ui/orders\r\nX: y":                    home,
		"/ui/orders%0d%0aX:%20y":                home,
		"/ui/or\tders":                          home,
		" /ui/orders":                           home,
		"/ui/or\x7fders":                        home,
		"/ui/signin?to=/ui/orders":              home,
		"/ui/link?token=x":                      home,
		"/ui/live":                              home,
		"/ui/orders?" + strings.Repeat("a", 5000): home,
	} {
		if got := Local(to); got != want {
			t.Errorf("%q leads to %q, want %q", to, got, want)
		}
	}
	for to, want := range map[string]string{
		"/ui/certificates?state=hand": "/ui/certificates?state=hand", "/ui/orders": "/ui/certificates", "http:/ui/certificates": "/ui/certificates", "x:/ui/certificates": "/ui/certificates",
	} {
		if got := LocalTo("/ui/certificates", to); got != want {
			t.Errorf("%q leads to %q, want %q", to, got, want)
		}
	}
}
