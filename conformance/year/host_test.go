package year_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"certwright/conformance/process"
)

type object = map[string]any

// A host is where the year goes by.
type host struct {
	servers
	t *testing.T
}

// servers are one, or several that share a database.
type servers interface {
	// send does a request that may be repeated, and repeats it when a server died of it.
	send(method, path string, body any) process.Reply
	// reach moves the clock to a time; kill: a server dies somewhere on the way.
	reach(to time.Time, kill bool, random *rand.Rand)
	die()         // all of them
	deaths() int  // that the year had
	said() string // the end of the log
	database() (driver, source string)
}

// configuration has authorities of our own: one whose certificates live for six
// days, and one that is an everyday authority.
const configuration = `vaults:
  - {name: default, soft_delete_days: 7, purge_protection: true}
renew_spread: 5h
renew_floor: 24h
providers:
  Week: {kind: ca, common_name: Week CA, validity_days: 6}
  Quarter: {kind: ca, common_name: Quarter CA, validity_days: 100}
  Month: {kind: ca, common_name: Month CA, validity_days: 30}
  Asked: {kind: ca, common_name: Asked CA, validity_days: 100, manual_approval: true}
`

// want is send with the status that must come back.
func (h *host) want(status int, method, path string, body any) process.Reply {
	h.t.Helper()
	r := h.send(method, path, body)
	if r.Status != status {
		h.t.Fatalf("%s %s: %d %v, want %d", method, path, r.Status, r.Body, status)
	}
	return r
}

// clock is the servers' time.
func (h *host) clock() time.Time {
	h.t.Helper()
	now, err := time.Parse(time.RFC3339, h.want(200, "GET", "/admin/clock", nil).Text("now"))
	if err != nil {
		h.t.Fatal(err)
	}
	return now
}

// all reads every page of a list.
func (h *host) all(path string) (items []object) {
	h.t.Helper()
	for path != "" {
		r := h.want(200, "GET", path, nil)
		page, _ := r.Body["value"].([]any)
		for _, item := range page {
			items = append(items, item.(object))
		}
		path = onward(r.Text("nextLink"))
	}
	return items
}

func when(seconds any) time.Time {
	n, _ := seconds.(float64)
	return time.Unix(int64(n), 0).UTC()
}
