package pages

import (
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"certwright/internal/access"
	"certwright/internal/audit"
	"certwright/internal/audit/line"
	"certwright/internal/console/view"
	"certwright/internal/vault"
)

const (
	mostAudited  = 200 // shown at once
	mostFindings = 10
	mostTyped    = 200 // bytes of a filter
)

// Audit is the page of a log: its last lines, ?person=, ?operation= and ?object=
// of them, and whether they verify; and what is found as a file.
func Audit(log *audit.Log) Page {
	return Page{Path: "/ui/audit", Word: "Audit", Do: access.ReadAudit, Body: func(r *http.Request, now time.Time) (func(view.Frame) templ.Component, error) {
		recent, err := log.Recent()
		if err != nil {
			return nil, err
		}
		a := view.Audit{Server: recent.Server, Person: typed(r, "person"), Operation: typed(r, "operation"), Object: typed(r, "object")}
		verified(&a, recent)
		found := 0
		for row := range auditRows(r, recent, now) {
			if found++; found <= mostAudited {
				a.Rows = append(a.Rows, row)
			}
		}
		if found > 0 {
			a.File = "/ui/audit.csv?" + url.Values{"person": {a.Person}, "operation": {a.Operation}, "object": {a.Object}}.Encode()
		}
		a.Shown = fmt.Sprintf("%d of %d found. Looked through were the last %d lines; certwright audit tail and export have all.", len(a.Rows), found, len(recent.Lines))
		return func(f view.Frame) templ.Component { return view.AuditPage(f, a) }, nil
	}, Routes: func(h Host) map[string]Handler {
		return map[string]Handler{"GET /ui/audit.csv": func(w http.ResponseWriter, r *http.Request) error { return auditSheet(w, r, h, log) }}
	}}
}

// auditSheet sends the lines that are found as a file, all of them.
func auditSheet(w http.ResponseWriter, r *http.Request, h Host, log *audit.Log) error {
	if err := h.AsOperator(r, access.ReadAudit, vault.Ref{}); err != nil {
		return err
	}
	recent, err := log.Recent()
	if err != nil {
		return err
	}
	sheet := NewSheet(w, "audit.csv", "When", "Who", "From", "Operation", "Object", "Result", "Decision")
	for row := range auditRows(r, recent, time.Time{}) {
		sheet.Row(row.At.Machine(), row.Who, row.From, row.Operation, row.Object, row.Result, row.Decision)
	}
	_ = sheet.Flush() // a client that went away
	return nil
}

// auditRows are the lines that a request asks for, the last first.
func auditRows(r *http.Request, recent audit.Recent, now time.Time) iter.Seq[view.AuditRow] {
	person, operation, object := typed(r, "person"), typed(r, "operation"), typed(r, "object")
	return func(yield func(view.AuditRow) bool) {
		for _, l := range slices.Backward(recent.Lines) {
			row := auditRow(l, now)
			if has(row.Who+" "+l.Certwright.Issuer, person) && has(row.Operation, operation) && has(row.Object, object) && !yield(row) {
				return
			}
		}
	}
}

// verified says what the verification came to.
func verified(a *view.Audit, recent audit.Recent) {
	r := recent.Report
	switch {
	case !recent.Begun:
		a.State = view.Badge{Tone: "warn", Sign: view.SignWarn, Word: "not verified"}
		a.Words = "The end of the log that is looked at here has no checkpoint to begin at: certwright audit verify goes through all of it."
	case len(r.Findings) > 0:
		a.State = view.Badge{Tone: "bad", Sign: view.SignBad, Word: "does not verify"}
		a.Words = "Lines are missing or were changed. Keep the files as they are; certwright audit verify says all that is wrong."
		for _, f := range r.Findings[:min(len(r.Findings), mostFindings)] {
			a.Findings = append(a.Findings, f.String())
		}
		if more := len(r.Findings) + r.More - len(a.Findings); more > 0 {
			a.Findings = append(a.Findings, fmt.Sprintf("and %d more", more))
		}
	default:
		a.State = view.Badge{Tone: "ok", Sign: view.SignOK, Word: "verifies"}
		a.Words = fmt.Sprintf("None of the lines %d to %d is missing or was changed; signed checkpoints prove %d of them, and of the others each but the last is proved by the one behind it.", r.First, r.Last, r.Signed)
	}
}

func auditRow(l line.Line, now time.Time) view.AuditRow {
	row := view.AuditRow{At: view.Moment{At: l.Time, Now: now}, Who: l.Caller(), From: l.CallerIPAddress, Operation: l.OperationName,
		Object: l.Property("id"), Result: l.ResultSignature, Decision: l.Certwright.Decision}
	if row.Object == "" {
		row.Object = l.Property("requestUri")
	}
	if _, in, ok := strings.Cut(l.ResourceID, "/VAULTS/"); ok && row.Object != "" && !strings.Contains(row.Object, "://") {
		row.Object = strings.ToLower(in) + "/" + row.Object
	}
	if l.ResultDescription != "" {
		row.Result += " " + l.ResultDescription
	}
	return row
}

// typed is what somebody wrote into a field.
func typed(r *http.Request, name string) string {
	text := strings.TrimSpace(r.URL.Query().Get(name))
	return strings.ToValidUTF8(text[:min(len(text), mostTyped)], "")
}

// has reports whether a text has a part, in whatever case.
func has(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}
