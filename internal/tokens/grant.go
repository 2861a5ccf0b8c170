package tokens

import (
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"certwright/internal/oauth"
)

// A refusal is why there is no token.
type refusal struct {
	status     int
	code, text string
}

// refused is a client that did not prove itself.
func refused(text string) *refusal {
	return &refusal{http.StatusUnauthorized, "invalid_client", text}
}

func malformed(text string) *refusal {
	return &refusal{http.StatusBadRequest, "invalid_request", text}
}

// token answers the token endpoint.
func (s *Service) token(w http.ResponseWriter, r *http.Request) {
	from := s.address(r)
	if wait := s.addresses.wait(neighbourhood(from), s.means.Now()); wait > 0 {
		refuse(w, tooMany, wait)
		return
	}
	form, no := readForm(w, r)
	if no != nil {
		refuse(w, no, 0)
		return
	}
	shown, no := readProof(r, form)
	e := Event{Client: printable(shown.id), Grant: shown.grant(), Address: from}
	audience := oauth.AudienceOf(form.Get("resource"), form.Get("scope"))
	var who proven
	if no == nil {
		who, no = s.prove(r, shown, audience)
	}
	if no == nil && !s.audiences.allows(audience) {
		no = s.foreign(audience)
	}
	var wait time.Duration
	if no == nil {
		if wait = s.served.wait(who.id, s.means.Now()); wait > 0 {
			no = tooMany
		} else if who.once != nil { // last: what was not taken can be shown again
			no = who.once()
		}
	}
	if no != nil {
		e.Refusal = no.text
		s.tell(e)
		refuse(w, no, wait)
		return
	}
	s.give(w, r, who.client, audience, e, oauth.AnswerToken)
}

// foreign refuses an audience that is not of this server.
func (s *Service) foreign(audience string) *refusal {
	return &refusal{http.StatusBadRequest, "invalid_resource",
		"AADSTS500011: The resource principal named " + printable(audience) + " was not found in the tenant named " + s.tenant + "."}
}

// refuse answers with a refusal. Of too many requests it says when to come again.
func refuse(w http.ResponseWriter, no *refusal, wait time.Duration) {
	if no.status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", seconds(wait))
	}
	oauth.Refuse(w, no.status, no.code, no.text)
}

// seconds writes a time in whole seconds, of which there is one at least.
func seconds(d time.Duration) string { return strconv.Itoa(max(1, int(math.Ceil(d.Seconds())))) }

// give answers with a token.
func (s *Service) give(w http.ResponseWriter, r *http.Request, who *client, audience string, e Event, answer func(http.ResponseWriter, oauth.Grant)) {
	grant, id, err := s.issue(r.Context(), who, audience)
	if err != nil {
		s.means.Log.Error("a token was not signed", "client", who.id, "error", err)
		oauth.Refuse(w, http.StatusInternalServerError, "server_error", "The token cannot be signed.")
		return
	}
	e.TokenID = id
	s.tell(e)
	answer(w, grant)
}

// once are the parameters that a form may have only once (RFC 6749 section 3.2).
var once = []string{"grant_type", "scope", "resource", "client_id", "client_secret", "client_assertion", "client_assertion_type"}

// readForm reads what the body asks for; the query is no part of it.
func readForm(w http.ResponseWriter, r *http.Request) (url.Values, *refusal) {
	if r.Body != nil {
		r.Body = http.MaxBytesReader(w, r.Body, oauth.MaxForm)
	}
	if err := r.ParseForm(); err != nil {
		return nil, malformed("AADSTS900144: The request body cannot be read as a form.")
	}
	for _, name := range once {
		if len(r.PostForm[name]) > 1 {
			return nil, malformed("AADSTS90014: The parameter '" + name + "' is there more than once.")
		}
	}
	switch grant := r.PostForm.Get("grant_type"); {
	case grant == "":
		return nil, missing("grant_type")
	case grant != "client_credentials":
		return nil, &refusal{http.StatusBadRequest, "unsupported_grant_type", "AADSTS70003: The app requested an unsupported grant type '" + printable(grant) + "'."}
	case r.PostForm.Get("resource") == "" && r.PostForm.Get("scope") == "":
		return nil, missing("scope")
	}
	return r.PostForm, nil
}

func missing(parameter string) *refusal {
	return malformed("AADSTS900144: The request body must contain the following parameter: '" + parameter + "'.")
}

// printable is a caller's text, bounded and plain.
func printable(s string) string {
	if len(s) > 200 {
		s = s[:200] + "..."
	}
	plain := []byte(s)
	for i, c := range plain {
		if c < ' ' || c > '~' || c == '<' || c == '>' {
			plain[i] = '?'
		}
	}
	return string(plain)
}
