package pages

import (
	"net/http"
	"strings"
)

// Lead has the addresses that only take forms lead to the page that is nearest
// above them, for who opens or reloads one.
func Lead(routes map[string]Handler) {
	leads := map[string]Handler{}
	for pattern := range routes {
		path, ok := strings.CutPrefix(pattern, "POST ")
		if !ok || routes["GET "+path] != nil {
			continue
		}
		if page := above(routes, path); page != path {
			leads["GET "+path] = to(strings.Count(strings.Trim(page, "/"), "/") + 1)
		}
	}
	for pattern, lead := range leads {
		routes[pattern] = lead
	}
}

// above is the pattern of the page above a path.
func above(routes map[string]Handler, path string) string {
	for at := strings.LastIndex(path, "/"); at > 0; at = strings.LastIndex(path[:at], "/") {
		if routes["GET "+path[:at]] != nil {
			return path[:at]
		}
		if routes["GET "+path[:at]+"/{$}"] != nil {
			return path[:at]
		}
	}
	return path
}

// to leads to the first parts of the path that is asked for.
func to(parts int) Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		all := strings.SplitN(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/", parts+1)
		at := "/" + strings.Join(all[:min(parts, len(all))], "/")
		if at == "/ui" {
			at = "/ui/"
		}
		http.Redirect(w, r, at, http.StatusSeeOther)
		return nil
	}
}
