package oauth

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// MaxForm bounds the form of a token request, in bytes.
const MaxForm = 64 << 10

// A Grant is a token with what the answers repeat of it.
type Grant struct {
	Token             string
	Audience, Client  string
	NotBefore, Expiry time.Time
}

func (g Grant) seconds() int { return int(g.Expiry.Sub(g.NotBefore).Seconds()) }

// AnswerToken gives a token as the sign-in service does.
func AnswerToken(w http.ResponseWriter, g Grant) {
	Answer(w, struct {
		TokenType    string `json:"token_type"`
		ExpiresIn    int    `json:"expires_in"`
		ExtExpiresIn int    `json:"ext_expires_in"`
		AccessToken  string `json:"access_token"`
	}{"Bearer", g.seconds(), g.seconds(), g.Token})
}

// AnswerManaged gives a token as the managed identity endpoints do: numbers as
// text, as the real ones write them.
func AnswerManaged(w http.ResponseWriter, g Grant) {
	Answer(w, struct {
		AccessToken string `json:"access_token"`
		ClientID    string `json:"client_id"`
		ExpiresIn   string `json:"expires_in"`
		ExpiresOn   string `json:"expires_on"`
		NotBefore   string `json:"not_before"`
		Resource    string `json:"resource"`
		TokenType   string `json:"token_type"`
	}{
		g.Token, g.Client, strconv.Itoa(g.seconds()), strconv.FormatInt(g.Expiry.Unix(), 10),
		strconv.FormatInt(g.NotBefore.Unix(), 10), g.Audience, "Bearer",
	})
}

// AudienceOf returns what a token is for: resource (v1) or the first scope (v2)
// that names one, without the "/.default" that SDKs append. Java puts the scopes
// of OpenID Connect before it.
func AudienceOf(resource, scope string) string {
	if resource != "" {
		return resource
	}
	for _, s := range strings.Fields(scope) {
		switch s {
		case "openid", "profile", "email", "offline_access":
		default:
			return strings.TrimSuffix(s, "/.default")
		}
	}
	return ""
}

// Answer writes a 200 that nobody may keep.
func Answer(w http.ResponseWriter, body any) { Write(w, http.StatusOK, body) }

// Refuse writes an error as OAuth spells it (RFC 6749 section 5.2).
func Refuse(w http.ResponseWriter, status int, code, description string) {
	Write(w, status, map[string]string{"error": code, "error_description": description})
}

// RefuseMissing refuses a form without one of its parameters.
func RefuseMissing(w http.ResponseWriter, parameter string) {
	Refuse(w, http.StatusBadRequest, "invalid_request",
		"AADSTS900144: The request body must contain the following parameter: '"+parameter+"'.")
}

// RefuseMethod refuses a method that the endpoint does not have.
func RefuseMethod(w http.ResponseWriter, method, allowed string) {
	w.Header().Set("Allow", allowed)
	Refuse(w, http.StatusMethodNotAllowed, "invalid_request", "The method "+method+" is not allowed here.")
}

// RefuseAppService writes an error in the form of App Service's own.
func RefuseAppService(w http.ResponseWriter, status int, message string) {
	Write(w, status, map[string]any{"statusCode": status, "message": message})
}

// Write writes a JSON answer. Nobody keeps it, unless the header says so already.
func Write(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"error":"server_error"}`)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	_, _ = w.Write(text) // a client that went away
}
