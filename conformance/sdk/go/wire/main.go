// Command wire writes what the unmodified Azure SDK for Go sends for each
// operation that the program's own client knows too, so that a test can hold the
// one to the other. Nothing leaves the process: requests are answered here, the
// first of each client by a challenge. Run it by
//
//	go run ./conformance/sdk/go/wire > internal/client/keyvault/testdata/sdk.json
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azcertificates"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azkeys"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"
)

const vault = "https://web.vault.example.org"

// A request is one as it would have gone out.
type request struct {
	Method string            `json:"method"`
	Path   string            `json:"path"`
	Query  map[string]string `json:"query"`
	Header map[string]string `json:"header"`
	Body   json.RawMessage   `json:"body,omitempty"`
}

// A recorder answers requests and keeps them.
type recorder struct {
	all    []request
	scopes []string
	answer string // to whatever has a token
}

// Do is policy.Transporter.
func (r *recorder) Do(q *http.Request) (*http.Response, error) {
	one := request{Method: q.Method, Path: q.URL.EscapedPath(), Query: map[string]string{}, Header: map[string]string{}}
	for name, values := range q.URL.Query() {
		one.Query[name] = strings.Join(values, ",")
	}
	for _, name := range []string{"Accept", "Content-Type", "Authorization"} {
		if v := q.Header.Get(name); v != "" {
			one.Header[name] = v
		}
	}
	if q.Body != nil {
		body, err := io.ReadAll(q.Body)
		if err != nil {
			return nil, err
		}
		one.Body = body
	}
	if len(one.Body) == 0 {
		one.Body = nil
	}
	r.all = append(r.all, one)
	to := &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(r.answer)), Request: q}
	switch {
	case q.Header.Get("Authorization") == "":
		to.StatusCode, to.Body = http.StatusUnauthorized, io.NopCloser(strings.NewReader(`{"error":{"code":"Unauthorized","message":"AKV10000"}}`))
		to.Header.Set("WWW-Authenticate", `Bearer authorization="https://login.example.org/tenant", resource="https://vault.example.org"`)
	case strings.HasSuffix(q.URL.Path, "/create"):
		to.StatusCode = http.StatusAccepted
	case strings.HasSuffix(q.URL.Path, "/merge"):
		to.StatusCode = http.StatusCreated
	case q.Method == http.MethodDelete && strings.HasPrefix(q.URL.Path, "/deleted"):
		to.StatusCode, to.Body = http.StatusNoContent, http.NoBody
	case strings.Contains(r.answer, "nextLink"):
		r.answer = `{"value":[]}`
	}
	return to, nil
}

// GetToken is azcore.TokenCredential.
func (r *recorder) GetToken(_ context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	r.scopes = append(r.scopes, strings.Join(o.Scopes, " "))
	return azcore.AccessToken{Token: "token", ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// clients are three that share a recorder.
type clients struct {
	certificates *azcertificates.Client
	keys         *azkeys.Client
	secrets      *azsecrets.Client
}

func (r *recorder) clients() (c clients, err error) {
	o := azcore.ClientOptions{Transport: r}
	if c.certificates, err = azcertificates.NewClient(vault, r, &azcertificates.ClientOptions{ClientOptions: o}); err != nil {
		return c, err
	}
	if c.keys, err = azkeys.NewClient(vault, r, &azkeys.ClientOptions{ClientOptions: o}); err != nil {
		return c, err
	}
	c.secrets, err = azsecrets.NewClient(vault, r, &azsecrets.ClientOptions{ClientOptions: o})
	return c, err
}

// A recording is what the SDK sent for one operation.
type recording struct {
	Operation string    `json:"operation"`
	Scopes    []string  `json:"scopes"`
	Requests  []request `json:"requests"`
}

func main() {
	var all []recording
	for _, op := range operations {
		r := &recorder{answer: op.answer}
		if r.answer == "" {
			r.answer = "{}"
		}
		c, err := r.clients()
		if err == nil {
			err = op.do(context.Background(), c)
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", op.name, err)
			os.Exit(1)
		}
		all = append(all, recording{op.name, r.scopes, r.all})
	}
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	out.SetIndent("", " ")
	if err := out.Encode(all); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// next is a first page that leads to another one.
func next(collection string) string {
	return `{"value":[],"nextLink":"` + vault + "/" + collection + `?api-version=2025-07-01&` + url.QueryEscape("$skiptoken") + `=abc"}`
}
