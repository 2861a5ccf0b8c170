package api

import (
	"net/http"
	"regexp"
	"strings"

	"certwright/internal/audit"
	"certwright/internal/vault"
	"certwright/internal/wire"
)

// record begins what the audit log will say of a request; nil without a log.
func (h *Handler) record(r *http.Request, o *Observation) *audit.Record {
	if h.Audit == nil {
		return nil
	}
	op, _ := audit.OperationOf(o.Operation) // every row's is known
	return h.Audit.Request(r, op, o.RequestID)
}

// audited writes the end of a request to the audit log; err is what it was
// refused for. Where the end cannot be written the answer is withheld, and a
// refusal is returned in its place.
func (h *Handler) audited(w *writer, r *http.Request, a answer, err error) answer {
	if w.record == nil {
		return a
	}
	if a.text == nil && a.body != nil {
		w.record.About(subjectOf(a.body))
		text, bad := wire.Encode(a.body)
		if bad != nil {
			panic(bad) // a bug in this package
		}
		a.text = text
	}
	if a.status == 0 {
		a.status = http.StatusOK
	}
	if late := w.record.End(a.status, codeOf(err)); late != nil {
		return h.refuse(r, w.o, late)
	}
	return a
}

var akv = regexp.MustCompile(`^AKV\d+$`)

// codeOf is a refusal's code, which says no more than the specification does;
// messages may repeat what the caller sent.
func codeOf(err error) string {
	if err == nil {
		return ""
	}
	refusal := vault.RefusalIn(err)
	switch {
	case refusal != nil && refusal.Reason == vault.Unauthenticated: // AKV10022 and the like say why
		code, _, _ := strings.Cut(refusal.Message, ":")
		if akv.MatchString(code) {
			return code
		}
		return refusal.Code
	case refusal == nil:
		return "InternalServerError"
	case refusal.Inner != "":
		return refusal.Code + ": " + refusal.Inner
	}
	return refusal.Code
}

// subjectOf is what an answer is about: an object's version, and the order of a
// certificate's operation.
func subjectOf(body any) (id, order string) {
	switch b := body.(type) {
	case certificateJSON:
		return b.ID, ""
	case keyJSON:
		return b.Key.ID, ""
	case secretJSON:
		return b.ID, ""
	case operationJSON:
		return b.ID, b.RequestID
	case cryptoJSON:
		return b.ID, ""
	case issuerJSON:
		return b.ID, ""
	case contactsJSON:
		return b.ID, ""
	}
	return "", ""
}
