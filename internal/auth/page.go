package auth

import "net/http"

// FromPage reports whether a web page made a browser send the request. Pages
// cannot keep a browser from saying so: in Sec-Fetch-Site (W3C Fetch Metadata;
// none is a person's own doing), older ones in Origin. SDKs and curl send
// neither. It does not matter from where the page is: under a name that leads
// here only since its owner says so (DNS rebinding) any page is of the same
// origin.
func FromPage(r *http.Request) bool {
	sites := r.Header.Values("Sec-Fetch-Site")
	for _, site := range sites {
		if site != "none" {
			return true
		}
	}
	return len(sites) == 0 && len(r.Header.Values("Origin")) > 0
}
