package arm

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
)

// A refusal is an answer that is not 200, in Resource Manager's form.
type refusal struct {
	status        int
	code, message string
}

// Error implements error.
func (r refusal) Error() string { return r.code + ": " + r.message }

// The refusals, in Resource Manager's words where it has some.
var (
	noToken   = refusal{http.StatusUnauthorized, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing."}
	fromPage  = refusal{http.StatusForbidden, "Forbidden", "Requests that a web page makes a browser send are refused."}
	readOnly  = refusal{http.StatusMethodNotAllowed, "MethodNotAllowed", "The management plane of this server can only be read. A vault comes into being at its first write; its settings stand in the server's configuration."}
	badQuery  = refusal{http.StatusBadRequest, "InvalidRequest", "The query of the request cannot be read."}
	badTop    = refusal{http.StatusBadRequest, "InvalidTopQueryParameter", "The query parameter '$top' must be a whole number of 1 or more."}
	badToken  = refusal{http.StatusBadRequest, "InvalidSkipToken", "The query parameter '$skiptoken' is not one that this server gave out."}
	badFilter = refusal{http.StatusBadRequest, "InvalidFilterInQueryString", "Invalid $filter: write resourceType, name, resourceGroup or location, eq and a value in quotes, joined by 'and'."}
)

func badName(name string) refusal {
	return refusal{http.StatusBadRequest, "InvalidResourceName", "The name '" + name + "...' is longer than 90 characters."}
}

func noPath(path string) refusal {
	if len(path) > 300 {
		path = path[:300] + "..."
	}
	return refusal{http.StatusNotFound, "NotFound", "There is nothing at " + path + " in the management plane of this server, which has one subscription, its resource groups and its vaults."}
}

// refuse answers with an error; what is no refusal is told to the log alone.
func (s *Service) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var told refusal
	if !errors.As(err, &told) {
		told = refusal{http.StatusInternalServerError, "InternalServerError", "The server could not answer; its log says why."}
		if r.Context().Err() == nil {
			s.Log.Error("the management plane could not answer", "error", err)
		}
	}
	write(w, told.status, map[string]any{"error": map[string]string{"code": told.code, "message": told.message}})
}

// write sends JSON that nobody may keep.
func write(w http.ResponseWriter, status int, body any) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if err := e.Encode(body); err != nil {
		panic(err) // a bug in this package
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(text.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(text.Bytes()) // a client that went away
}
