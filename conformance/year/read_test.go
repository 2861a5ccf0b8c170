package year_test

import (
	"database/sql"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"
)

// A version is one as the API shows it.
type version struct {
	id                          string
	notBefore, expires, created time.Time
	tags                        object
	public                      string // of its key
}

// read reads all versions of a certificate with their keys and secrets, in
// the order in which they were made.
func (w *world) read(c *certificate) (all []version) {
	w.t.Helper()
	for _, item := range w.host.all("/certificates/" + c.name + "/versions") {
		a := item["attributes"].(object)
		tags, _ := item["tags"].(object)
		v := version{id: path.Base(item["id"].(string)), notBefore: when(a["nbf"]), expires: when(a["exp"]), created: when(a["created"]), tags: tags}
		r := w.host.want(200, "GET", "/keys/"+c.name+"/"+v.id, nil)
		k := r.Body["key"].(object)
		v.public = fmt.Sprint(k["n"], k["x"], k["y"])
		if k["kty"] != c.key["kty"] || k["crv"] != c.key["crv"] {
			w.t.Errorf("%s %s: a key of %v %v, want %v", c.name, v.id, k["kty"], k["crv"], c.key)
		}
		all = append(all, v)
	}
	slices.SortFunc(all, func(a, b version) int { return a.created.Compare(b.created) })
	if len(all) == 0 {
		w.t.Fatalf("%s has no version", c.name)
	}
	return all
}

// notices are what people and programs were told.
type notices struct {
	mails  map[string]map[string]int         // by version and what it says
	events map[string]map[string][]time.Time // by version and type
	count  int
}

// The kinds of mails, by their subjects.
var subjects = []string{"is being renewed", "was renewed", "could not be renewed", "expires on",
	"its renewal is late", "is not renewed and expires soon", "waits for approval"}

func (w *world) notices() notices {
	w.t.Helper()
	n := notices{mails: map[string]map[string]int{}, events: map[string]map[string][]time.Time{}}
	var mails, events []any
	for path := "/admin/outbox"; path != ""; {
		box := w.host.want(200, "GET", path, nil)
		told, _ := box.Body["mails"].([]any)
		happened, _ := box.Body["events"].([]any)
		mails, events, path = append(mails, told...), append(events, happened...), ""
		if next, more := box.Body["next"].(float64); more {
			path = fmt.Sprintf("/admin/outbox?after=%d", int64(next))
		}
	}
	for _, m := range mails {
		m := m.(object)
		subject := m["subject"].(string)
		i := slices.IndexFunc(subjects, func(s string) bool { return strings.Contains(subject, s) })
		if i < 0 || m["to"] != "ops@example.test, lead@example.test" {
			w.t.Errorf("a mail to %v: %s", m["to"], subject)
			continue
		}
		add(n.mails, fact(m["text"].(string), "Version"))[subjects[i]]++
	}
	ids := map[any]bool{}
	for _, e := range events {
		e := e.(object)
		at, err := time.Parse(time.RFC3339, e["eventTime"].(string))
		if err != nil || ids[e["id"]] {
			w.t.Errorf("an event with a time or an id that cannot be: %v", e)
		}
		ids[e["id"]] = true
		kind := strings.TrimPrefix(e["eventType"].(string), "Microsoft.KeyVault.")
		if kind == "Certwright.IssuerNewRootCreated" { // of an issuer, not of a version
			if e["data"].(object)["Root"] == nil {
				w.t.Errorf("an event of a new root without its name: %v", e)
			}
			continue
		}
		id, _ := e["data"].(object)["Version"].(string) // none of a first order
		of := add(n.events, id)
		of[kind] = append(of[kind], at)
	}
	n.count = len(mails) + len(events)
	return n
}

func add[V any](m map[string]map[string]V, key string) map[string]V {
	if m[key] == nil {
		m[key] = map[string]V{}
	}
	return m[key]
}

// fact is a line of a mail.
func fact(text, name string) string {
	for line := range strings.Lines(text) {
		if key, value, ok := strings.Cut(line, ":"); ok && key == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// wholeFile asks the database whether it is, and whether anything is left of
// what was purged. The servers are dead by then.
func (w *world) wholeFile(purged map[string]bool) {
	w.t.Helper()
	w.host.die()
	driver, source := w.host.database()
	db, err := sql.Open(driver, source)
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close()
	var verdict string
	if driver == "sqlite" {
		if err := db.QueryRowContext(w.t.Context(), "PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
			w.t.Errorf("integrity_check: %s %v", verdict, err)
		}
	}
	for what, count := range map[string]string{
		"bodies belong to no version":  "SELECT count(*) FROM bodies WHERE id NOT IN (SELECT body FROM versions)",
		"versions belong to no object": "SELECT count(*) FROM versions WHERE object NOT IN (SELECT id FROM objects UNION SELECT object FROM purged)",
	} {
		var left int
		if err := db.QueryRowContext(w.t.Context(), count).Scan(&left); err != nil || left > 0 {
			w.t.Errorf("%d %s (%v)", left, what, err)
		}
	}
	rows, err := db.QueryContext(w.t.Context(), "SELECT DISTINCT key FROM objects")
	if err != nil {
		w.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var key string
		if err := rows.Scan(&key); err != nil || purged[key] {
			w.t.Errorf("something is left of %s, which was purged (%v)", key, err)
		}
	}
}
