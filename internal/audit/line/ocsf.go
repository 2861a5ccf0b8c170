package line

import (
	"strings"
)

// An Event6003 is a line as the Open Cybersecurity Schema Framework has it: class
// API Activity.
type Event6003 struct {
	Activity   int            `json:"activity_id"`
	Category   int            `json:"category_uid"`
	Class      int            `json:"class_uid"`
	Type       int            `json:"type_uid"`
	Severity   int            `json:"severity_id"`
	Status     int            `json:"status_id"`
	StatusCode string         `json:"status_code,omitempty"`
	Detail     string         `json:"status_detail,omitempty"`
	Time       int64          `json:"time"`
	Actor      map[string]any `json:"actor"`
	API        map[string]any `json:"api"`
	From       map[string]any `json:"src_endpoint"`
	Request    map[string]any `json:"http_request,omitempty"`
	Resources  []any          `json:"resources,omitempty"`
	Metadata   map[string]any `json:"metadata"`
	Unmapped   *Own           `json:"unmapped,omitempty"`
}

const (
	ocsfCategory = 6
	ocsfClass    = 6003
	ocsfVersion  = "1.3.0"
)

// OCSF is the line as an event.
func (l Line) OCSF() Event6003 {
	e := Event6003{Activity: activityOf(l.OperationName), Category: ocsfCategory, Class: ocsfClass, Severity: 1, Status: 1,
		StatusCode: l.ResultSignature, Detail: l.ResultDescription, Time: l.Time.UnixMilli(), Unmapped: l.Certwright}
	e.Type = ocsfClass*100 + e.Activity
	if l.ResultType == "Failure" {
		e.Status, e.Severity = 2, 2
	}
	user := map[string]any{"uid": l.Identity.Claim[claims+"objectidentifier"], "name": l.Caller()}
	e.Actor = map[string]any{"user": user, "app_uid": l.Identity.Claim["appid"]}
	e.API = map[string]any{"operation": l.OperationName, "version": l.OperationVersion, "service": map[string]any{"name": "certwright"},
		"request": map[string]any{"uid": l.CorrelationID}}
	if code, ok := l.Properties["httpStatusCode"].(float64); ok {
		e.API["response"] = map[string]any{"code": int(code)}
	}
	e.From = map[string]any{"ip": l.CallerIPAddress}
	if uri := l.Property("requestUri"); uri != "" {
		e.Request = map[string]any{"user_agent": l.Property("clientInfo"), "url": map[string]any{"url_string": uri}}
	}
	for _, id := range []string{l.Property("id"), l.ResourceID} {
		if id != "" {
			e.Resources = append(e.Resources, map[string]any{"uid": id})
		}
	}
	e.Metadata = map[string]any{"version": ocsfVersion, "log_name": "AuditEvent", "sequence": l.Certwright.Seq,
		"product": map[string]any{"name": "Certwright", "vendor_name": "Certwright"}}
	return e
}

// activityOf is what an operation does: 1 create, 2 read, 3 update, 4 delete, 99
// something else.
func activityOf(operation string) int {
	for _, a := range []struct {
		id    int
		words []string
	}{
		{4, []string{"Delete", "Purge"}}, {2, []string{"GetDeleted", "ListDeleted", "Get", "List", "ListVersions", "Backup", "IssuersList"}},
		{1, []string{"Create", "Import", "Enroll", "Restore"}}, {3, []string{"Set", "Update", "Recover", "Rotate", "RotateIfDue", "Renew", "RenewIfDue", "Merge"}},
	} {
		for _, w := range a.words {
			if strings.HasSuffix(operation, w) {
				return a.id
			}
		}
	}
	return 99
}
