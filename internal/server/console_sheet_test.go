package server

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"certwright/internal/access"
	"certwright/internal/config"
)

// What a filter finds comes as a file, whole and in its order, and nothing in it
// begins like a formula.
func TestConsoleSheet(t *testing.T) {
	t.Parallel()
	v := visit(t, run(t))
	for i := range 105 {
		if status, at, page := v.send("/ui/new", newForm(fmt.Sprintf("web-%03d", i), "Unknown")...); status != 200 {
			t.Fatalf("%d at %s: %s", status, at, page)
		}
	}
	v.sends("/ui/certificates/default/web-007/tags", "The tags were saved.", "tags", "@cmd=1")
	read := func(path string) [][]string {
		t.Helper()
		answer := ask(t, http.DefaultClient, "GET", v.base+path, "")
		if got := answer.header.Get("Content-Disposition"); got != `attachment; filename="certificates.csv"` {
			t.Errorf("%s: %q", path, got)
		}
		rows, err := csv.NewReader(strings.NewReader(answer.body)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		return rows
	}
	waitUntil(t, 20*time.Second, func() bool { return strings.Contains(v.page("/ui/certificates"), "of 105 found") })
	rows := read("/ui/certificates.csv?sort=name")
	if len(rows) != 106 || rows[0][1] != "Name" || rows[1][1] != "web-000" || rows[105][1] != "web-104" {
		t.Fatalf("%d rows, first %q, last %q", len(rows), rows[0], rows[len(rows)-1])
	}
	if r := rows[8]; r[0] != "default" || r[2] != "CN=web-007.example.test" || r[3] != "Unknown" || r[4] != "waits for a person" || r[5] != "" || r[7] != "'@cmd=1" {
		t.Errorf("a row: %q", r)
	}
	if rows := read("/ui/certificates.csv?text=web-01"); len(rows) != 11 {
		t.Errorf("of a filter: %d rows", len(rows))
	}
	if page := v.page("/ui/certificates?text=web-01"); !strings.Contains(page, `href="/ui/certificates.csv?text=web-01"`) {
		t.Errorf("no link: %s", page)
	}
}

// The lines of the audit log come as a file to who may read them, and to nobody
// else; of certificates nobody gets those that he may not list.
func TestConsoleSheetServe(t *testing.T) {
	t.Parallel()
	s, secrets := consoled(t, func(c *config.Config) {
		c.Access.Assignments = append(c.Access.Assignments[:1:1], access.Assignment{Role: "Certwright Auditor", To: access.Principal{Client: "keeper"}, On: "/"},
			access.Assignment{Role: "Key Vault Reader", To: access.Principal{Client: "reader"}, On: "/vaults/shop"})
	})
	keeper, reader := guestOf(t, s), guestOf(t, s)
	keeper.signsIn("keeper", secrets["keeper"])
	reader.signsIn("reader", secrets["reader"])
	in := newForm("www", "Self")
	in[1] = "web"
	keeper.go1("POST", "/ui/new", in...)
	waitUntil(t, 20*time.Second, func() bool {
		_, _, page := keeper.go1("GET", "/ui/certificates.csv")
		return strings.Contains(page, "web,www,")
	})
	if status, _, page := reader.go1("GET", "/ui/certificates.csv"); status != 200 || strings.Contains(page, "www") {
		t.Errorf("the reader of another vault: %d %s", status, page)
	}
	if status, _, page := reader.go1("GET", "/ui/audit.csv"); status != 403 || strings.Contains(page, "CertificateCreate") {
		t.Errorf("who may not read the audit log: %d %s", status, page)
	}
	_, _, file := keeper.go1("GET", "/ui/audit.csv?operation=certificatecreate&object=www")
	rows, err := csv.NewReader(strings.NewReader(file)).ReadAll()
	if err != nil || len(rows) < 2 || rows[0][3] != "Operation" || rows[1][3] != "CertificateCreate" || !strings.Contains(rows[1][4], "web/certificates/www") {
		t.Errorf("%v: %q", err, file)
	}
}
