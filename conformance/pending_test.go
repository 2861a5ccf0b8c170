package conformance_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"certwright/conformance/script"
	"certwright/internal/must"
)

const askFor = `
POST /certificates/c/create?api-version=7.4
{"policy": {"key_props": {"kty": "EC"}, "x509_props": {"subject": "CN=c"}, "issuer": {"name": "%s"}}}
---
202
Location: {any}
Retry-After: 1
{"csr": "{csr:csr}", "request_id": "{request_id:hex32}", ...}

sign {csr} as leaf
`

// intoState says how a name gets into each state of the table. All of them
// leave {leaf} and {request_id} behind, to be used or not.
var intoState = map[string]string{
	"none":       "let leaf = AAAA\n\nlet request_id = 00000000000000000000000000000000\n",
	"held":       "issuer i hold\n" + fmt.Sprintf(askFor, "i"),
	"manual":     fmt.Sprintf(askFor, "Unknown"),
	"cancelling": "issuer i hold\n" + fmt.Sprintf(askFor, "i") + send("PATCH /certificates/c/pending", `{"cancellation_requested": true}`, 200),
	"completed":  fmt.Sprintf(askFor, "Self") + send("GET /certificates/c/pending", "", 200),
	"cancelled": "issuer i hold\n" + fmt.Sprintf(askFor, "i") + send("PATCH /certificates/c/pending", `{"cancellation_requested": true}`, 200) +
		"\nadvance 3s\n",
	"failed":  "issuer i outcome=reject\n" + fmt.Sprintf(askFor, "i") + send("GET /certificates/c/pending", "", 200),
	"removed": "issuer i hold\n" + fmt.Sprintf(askFor, "i") + send("DELETE /certificates/c/pending", "", 200),
	"deleted": fmt.Sprintf(askFor, "Self") + send("GET /certificates/c/pending", "", 200) + send("DELETE /certificates/c", "", 200),
}

const foreign = "&request_id=a76827a18b63421c917da80f28e9913d"

// verbs are the requests of the table, each with its body.
var verbs = map[string][2]string{
	"create":         {"POST /certificates/c/create", `{"policy": {"key_props": {"kty": "EC"}, "x509_props": {"subject": "CN=c"}, "issuer": {"name": "Unknown"}}}`},
	"import":         {"POST /certificates/c/import", `{"value": "{pfx}"}`},
	"merge":          {"POST /certificates/c/pending/merge", `{"x5c": ["{leaf}"]}`},
	"merge-foreign":  {"POST /certificates/c/pending/merge", `{"x5c": ["{other}"]}`},
	"merge-nothing":  {"POST /certificates/c/pending/merge", `{"x5c": ["AAAA"]}`},
	"cancel":         {"PATCH /certificates/c/pending", `{"cancellation_requested": true}`},
	"uncancel":       {"PATCH /certificates/c/pending", `{"cancellation_requested": false}`},
	"cancel-by-id":   {"PATCH /certificates/c/pending&request_id={request_id}", `{"cancellation_requested": true}`},
	"cancel-foreign": {"PATCH /certificates/c/pending" + foreign, `{"cancellation_requested": true}`},
	"delete":         {"DELETE /certificates/c/pending"},
	"delete-by-id":   {"DELETE /certificates/c/pending&request_id={request_id}"},
	"delete-foreign": {"DELETE /certificates/c/pending" + foreign},
	"get":            {"GET /certificates/c/pending"},
	"get-by-id":      {"GET /certificates/c/pending&request_id={request_id}"},
	"get-foreign":    {"GET /certificates/c/pending" + foreign},
	"certificate":    {"GET /certificates/c/"},
	"key":            {"GET /keys/c/"},
	"secret":         {"GET /secrets/c/"},
	"policy":         {"GET /certificates/c/policy"},
	"patch-policy":   {"PATCH /certificates/c/policy", `{"x509_props": {"validity_months": 7}}`},
	"tag":            {"PATCH /certificates/c/", `{"tags": {"a": "b"}}`},
	"delete-all":     {"DELETE /certificates/c"},
	"recover":        {"POST /deletedcertificates/c/recover"},
	"purge":          {"DELETE /deletedcertificates/c"},
}

// request is the text of a request; a query beyond the version follows an & in its path.
func request(line, body string) string {
	path, query, _ := strings.Cut(line, "&")
	if query != "" {
		query = "&" + query
	}
	return "\n" + strings.TrimRight(path+"?api-version=7.4"+query+"\n"+body, "\n") + "\n---\n"
}

// send is a request of which only the status counts.
func send(line, body string, status int) string {
	return request(line, body) + fmt.Sprintf("%d\nRetry-After: {maybe}\n...\n", status)
}

// TestEveryVerbInEveryState runs each cell of testdata/pending-table.txt in a vault of its own.
func TestEveryVerbInEveryState(t *testing.T) {
	table, err := os.ReadFile("testdata/pending-table.txt")
	must.Do(t, err)
	target := startTarget(t)
	var states []string
	cells := 0
	for line := range strings.Lines(string(table)) {
		columns := strings.Split(strings.TrimSpace(line), "|")
		for i := range columns {
			columns[i] = strings.TrimSpace(columns[i])
		}
		if strings.HasPrefix(line, "#") || len(columns) < 2 {
			continue
		}
		if columns[0] == "verb" {
			states = columns[1:]
			continue
		}
		for i, cell := range columns[1:] {
			cells++
			t.Run(states[i]+"/"+columns[0], func(t *testing.T) { runCell(t, target, states[i], columns[0], cell) })
		}
	}
	if want := len(intoState) * len(verbs); cells != want {
		t.Errorf("the table has %d cells, want %d", cells, want)
	}
}

func runCell(t *testing.T, target *script.Target, state, verb, cell string) {
	text, err := cellScript(state, verb, strings.Fields(cell))
	must.Do(t, err)
	s, err := script.Parse(state+"/"+verb, text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if err := target.Run(t.Context(), s, vaultName(state+"-"+verb)); err != nil {
		t.Errorf("%v", err)
	}
}

// cellScript writes the script of one cell: status, code of a refusal, what is after.
func cellScript(state, verb string, cell []string) (string, error) {
	v, known := verbs[verb]
	into, there := intoState[state]
	if !known || !there || len(cell) < 2 {
		return "", fmt.Errorf("no such cell: %s in %s: %v", verb, state, cell)
	}
	text := into + "\nmake pfx as pfx\n\nsign foreign as other\n"
	answer := cell[0] + "\nLocation: {maybe}\nRetry-After: {maybe}\n...\n"
	if len(cell) == 3 {
		answer = cell[0] + "\n{\"error\": {\"code\": \"" + cell[1] + "\", ...}}\n"
	}
	if cell[0] >= "400" {
		text += "\nwatch /certificates/c/pending?api-version=7.4 /certificates/c/?api-version=7.4 /deletedcertificates/c?api-version=7.4\n"
	}
	text += request(v[0], v[1]) + answer
	return text + afterwards(state, verb, cell[len(cell)-1]), nil
}

// afterwards looks at the pending request.
func afterwards(state, verb, next string) string {
	gone := "\nGET /certificates/c/pending?api-version=7.4\n---\n404 PendingCertificateNotFound: Pending certificate not found: c\n"
	if next == "=" {
		next = map[string]string{"held": "inProgress", "manual": "inProgress", "cancelling": "inProgress"}[state]
		if next == "" && (state == "completed" || state == "cancelled" || state == "failed") {
			next = state
		}
	}
	switch {
	case next == "gone" || next == "" && (state != "deleted" || verb != "recover"):
		return gone
	case next == "": // what recovery brings back of the order is not laid down
		return ""
	}
	retry := ""
	if next == "inProgress" {
		retry = "Retry-After: 1\n"
	}
	return "\nGET /certificates/c/pending?api-version=7.4\n---\n200\n" + retry + `{"status": "` + next + `", ...}` + "\n"
}
