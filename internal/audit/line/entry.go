package line

import (
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"certwright/internal/vault"
)

// An Entry is what a line says. Nothing in it is secret: who fills it in gives
// names, not values.
type Entry struct {
	Operation   string // operationName
	Phase       Phase
	Vault       string
	Version     string // the api-version
	Status      int    // of the answer; 0: there is none yet, or none at all
	Description string // what came of it, in the code of a refusal or a few words
	Took        time.Duration
	Caller      vault.Caller
	Address     netip.Addr // where the request came from; the caller's unless set
	Correlation string     // x-ms-request-id; of a job, one of its own
	ClientID    string     // x-ms-client-request-id
	Agent       string     // User-Agent
	Host        string     // of the request
	Plain       bool       // it came by http
	Path        string     // of the request
	Query       string     // of the request, raw: four parameters of it are kept
	ID          string     // of the object, and its version where that is known
	Decision    string     // what granted it
	Order       string     // the request_id of a certificate's operation
	Facts       []Fact     // what else there is to say
}

// A Fact is one more thing that a line says, in its properties.
type Fact struct{ Name, Value string }

// A Phase is where in the course of things a line was written.
type Phase string

// The phases.
const (
	Begins  Phase = "begin"
	Ends    Phase = "end"
	Happens Phase = "event" // has no course: it was so
)

const (
	mostText  = 1024
	mostAgent = 256
	mostOwn   = 512 // of a claim, and of what Azure has not
	claims    = "http://schemas.microsoft.com/identity/claims/"
)

// ByServer says that the server itself did it, where nobody else did.
func (e *Entry) ByServer() {
	if e.Caller.Subject == "" && e.Caller.App == "" {
		e.Caller.App = "certwright"
	}
}

// Append writes the line up to the place where its number belongs.
func (e *Entry) Append(b []byte, at time.Time, by *Maker) []byte {
	t := text(b)
	t = append(t, `{"time":"`...)
	t = at.UTC().AppendFormat(t, "2006-01-02T15:04:05.0000000Z")
	t = append(t, `","resourceId":"`...)
	if e.Vault != "" {
		t = t.quoted(by.Resource, mostText)
		t = t.quoted(strings.ToUpper(e.Vault), mostText)
	}
	t = append(t, '"')
	t = t.member("operationName", e.Operation, mostText)
	t = t.member("operationVersion", e.Version, 32)
	t = append(t, `,"category":"AuditEvent"`...)
	t = e.result(t)
	address := e.Address
	if !address.IsValid() {
		address = e.Caller.Address
	}
	t = append(t, `,"callerIpAddress":"`...)
	if address.IsValid() {
		t = address.Unmap().AppendTo(t)
	}
	t = append(t, '"')
	t = t.member("correlationId", e.Correlation, 128)
	t = e.identity(t)
	t = e.properties(t)
	t = append(t, `,"certwright":{"server":"`...)
	t = append(append(t, by.Server...), '"')
	t = t.member("phase", string(e.Phase), 16)
	for _, m := range [...]Fact{{"issuer", e.Caller.Issuer}, {"callerType", string(e.Caller.Type)}, {"decision", e.Decision}, {"clientRequestId", e.ClientID}, {"order", e.Order}} {
		if m.Value != "" {
			t = t.member(m.Name, m.Value, mostOwn)
		}
	}
	return append(t, lineSeq...)
}

// result says what came of it.
func (e *Entry) result(t text) text {
	kind, signature := "Success", "OK"
	switch {
	case e.Phase == Begins:
		kind, signature = "Started", ""
	case e.Status >= 400:
		kind, signature = "Failure", http.StatusText(e.Status)
	case e.Status > 0:
		signature = http.StatusText(e.Status)
	}
	t = t.member("resultType", kind, 16)
	t = t.member("resultSignature", signature, 64)
	t = t.member("resultDescription", e.Description, mostText)
	t = append(t, `,"durationMs":"`...)
	t = strconv.AppendInt(t, e.Took.Milliseconds(), 10)
	return append(t, '"')
}

// identity says who asked.
func (e *Entry) identity(t text) text {
	t = append(t, `,"identity":{"claim":{`...)
	from := len(t)
	for _, m := range [...]Fact{{claims + "objectidentifier", e.Caller.Subject}, {claims + "tenantid", e.Caller.Tenant},
		{"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn", e.Caller.Name}, {"appid", e.Caller.App}, {"uti", e.Caller.TokenID}} {
		if m.Value != "" {
			t = t.member(m.Name, m.Value, mostOwn)
		}
	}
	if len(t) > from { // the comma before the first
		t = append(t[:from], t[from+1:]...)
	}
	return append(t, `}}`...)
}

// properties say what was asked for.
func (e *Entry) properties(t text) text {
	t = append(t, `,"properties":{"clientInfo":"`...)
	t = t.quoted(e.Agent, mostAgent)
	t = append(t, '"')
	if e.Host != "" {
		t = append(t, `,"requestUri":"http`...)
		if !e.Plain {
			t = append(t, 's')
		}
		t = append(t, `://`...)
		t = t.quoted(e.Host, 300)
		t = t.quoted(e.Path, mostText)
		t = t.query(e.Query)
		t = append(t, '"')
	}
	if e.ID != "" {
		t = t.member("id", e.ID, mostText)
	}
	if e.Status != 0 {
		t = append(t, `,"httpStatusCode":`...)
		t = strconv.AppendInt(t, int64(e.Status), 10)
	}
	for _, f := range e.Facts {
		t = t.member(f.Name, f.Value, 4*mostText)
	}
	return append(t, '}')
}

// A Maker is what all lines of a server say alike.
type Maker struct {
	Server   string
	Resource string // what resource identifiers begin with, up to the vault's name
}
