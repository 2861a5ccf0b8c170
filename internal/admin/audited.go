package admin

import (
	"net/http"

	"certwright/internal/audit"
	"certwright/internal/vault"
	"certwright/internal/wire"
)

// auditNames are what the audit log calls the guarded endpoints, by method and path.
var auditNames = map[string]string{
	"GET /admin/clock": "CertwrightClockGet", "POST /admin/clock": "CertwrightClockMove", "POST /admin/reset": "CertwrightReset",
	"GET /admin/outbox": "CertwrightOutboxList", "GET /admin/outbox/dead": "CertwrightOutboxListDead", "POST /admin/outbox/resend": "CertwrightOutboxResend",
	"POST /admin/console/link":                     "CertwrightConsoleLink",
	"GET /admin/access":                            "CertwrightAccessList",
	"GET /admin/events":                            "CertwrightEventsListen",
	"GET /admin/operations":                        "CertwrightOperationsList",
	"GET /admin/operations/{vault}/{name}":         "CertwrightOperationGet",
	"POST /admin/operations/{vault}/{name}":        "CertwrightDecide",
	"POST /admin/retry":                            "CertwrightRetry",
	"POST /admin/revoke":                           "CertwrightRevoke",
	"POST /admin/issuers/{vault}/{issuer}/account": "CertwrightIssuerRegister",
	"GET /admin/audit":                             "CertwrightAuditGet", "GET /admin/keyset": "CertwrightKeysetGet", "POST /admin/keyset/check": "CertwrightKeysetCheck",
	"POST /admin/keyset/rotate": "CertwrightKeysetRotate", "POST /admin/keyset/rewrap": "CertwrightKeysetRewrap",
	"POST /admin/ca/{provider}/rollover": "CertwrightRollover",
}

// record begins what the audit log will say of a request behind the guard; nil
// without a log.
func (h *Handler) record(r *http.Request, at *route) *audit.Record {
	if h.Audit == nil {
		return nil
	}
	name, ok := auditNames[r.Method+" "+at.path]
	if !ok {
		name = "Unknown" // a method that the route has not
	}
	return h.Audit.SideRequest(r, name, wire.NewGUID())
}

// showAudit tells by what others verify the audit log.
func showAudit(h *Handler, _ *http.Request) (answer, error) {
	if h.Audit == nil {
		return answer{}, &vault.Error{Reason: vault.NotFound, Code: "NotFound", Message: "This server keeps no audit log; a production server does."}
	}
	return answer{body: h.Audit.Known()}, nil
}

// begins has it in the audit log, and on the disk, that a request is about to
// change something of an object, or of what facts name.
func begins(r *http.Request, ref vault.Ref, facts ...audit.Fact) error {
	record := audit.From(r.Context())
	record.Of(ref, facts...)
	return record.Begin()
}

// outcome is the status of an answer, and the code of a refusal.
func outcome(a answer, err error) (status int, code string) {
	status, code = wire.Outcome(err)
	switch {
	case err != nil:
	case a.status != 0:
		status = a.status
	case a.body == nil:
		status = http.StatusNoContent
	}
	return status, code
}
