package server

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"testing"
	"time"

	"certwright/internal/access"
	"certwright/internal/backup"
	"certwright/internal/config"
	"certwright/internal/must"
	"certwright/internal/store/sqlstore/sqltest"
)

func pauseShortly(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(20 * time.Millisecond):
	}
}

// asAnn asks for something as somebody who may do everything.
func asAnn(t *testing.T, method, url, body string, want int) string {
	t.Helper()
	got := ask(t, anyway(t), method, url, body, "Authorization", "Bearer "+corp.Token("ann", nil))
	if got.status != want {
		t.Fatalf("%s %s: %d %s, want %d", method, url, got.status, got.body, want)
	}
	return got.body
}

// issuedByTheCA has the built-in CA issue a certificate, and returns its version.
func issuedByTheCA(t *testing.T, s *Server, name string) (version string) {
	t.Helper()
	at := s.Ready.IPURL + "/certificates/"
	asAnn(t, "PUT", at+"issuers/corp?api-version=7.4", `{"provider":"Internal"}`, 200)
	asAnn(t, "POST", at+name+"/create?api-version=7.4", createByIssuer, 202)
	var said struct{ Status string }
	for end := time.Now().Add(time.Minute); said.Status != "completed"; pauseShortly(t.Context()) {
		must.Do(t, json.Unmarshal([]byte(asAnn(t, "GET", at+name+"/pending?api-version=7.4", "", 200)), &said))
		if time.Now().After(end) {
			t.Fatalf("the order of %s is %s", name, said.Status)
		}
	}
	var shown struct{ ID string }
	must.Do(t, json.Unmarshal([]byte(asAnn(t, "GET", at+name+"?api-version=7.4", "", 200)), &shown))
	return shown.ID[len(shown.ID)-32:]
}

// revokedIn has a version revoked, and returns the number of the list that says so.
func revokedIn(t *testing.T, s *Server, c config.Config, name, version string, entries int) *big.Int {
	t.Helper()
	asAnn(t, "POST", s.Ready.HTTPURL+"/admin/revoke", fmt.Sprintf(`{"vault":%q,"certificate":%q,"version":%q}`, c.Vaults[0].Name, name, version), 200)
	text := []byte(asAnn(t, "GET", s.Ready.HTTPURL+"/pki/internal-1.crl", "", 200))
	if block, _ := pem.Decode(text); block != nil {
		text = block.Bytes
	}
	list, err := x509.ParseRevocationList(text)
	must.Do(t, err)
	if len(list.RevokedCertificateEntries) != entries {
		t.Errorf("%d certificates are revoked, want %d", len(list.RevokedCertificateEntries), entries)
	}
	return list.Number
}

// Of data that were restored, in a folder or in PostgreSQL, the built-in CA signs
// no list under a number that was used after the backup.
func TestListsGoOnAfterARestore(t *testing.T) {
	t.Parallel()
	for name, store := range map[string]func() string{
		"folder":   func() string { return "" },
		"postgres": func() string { return sqltest.NewSchema(t, sqltest.Postgres(t)[0]).URL },
	} {
		before := administered(t)
		before.Access.Assignments = append(before.Access.Assignments, access.Assignment{Role: "Certwright Administrator", To: access.Principal{Issuer: "corp", Subject: "ann"}, On: "/"})
		said, err := config.Parse([]byte("providers: {Internal: {kind: ca, common_name: Example Issuing CA}}\n"), ".")
		must.Do(t, err)
		before.Providers, before.Store = said.Providers, store()
		s, err := Start(t.Context(), before, Options{})
		must.Do(t, err)
		one, two := issuedByTheCA(t, s, "one"), issuedByTheCA(t, s, "two")
		made, err := backup.Take(t.Context(), backup.Request{Data: before.Data, Store: before.Store, To: t.TempDir(), WithKeyset: true})
		must.Do(t, err)
		revokedIn(t, s, before, "one", one, 1)
		used := revokedIn(t, s, before, "two", two, 2)
		must.Do(t, s.Stop())

		after := before
		after.Data, after.Store = t.TempDir(), store()
		_, err = backup.Restore(t.Context(), backup.Restoration{From: made.File, Data: after.Data, Store: after.Store})
		must.Do(t, err)
		s, err = Start(t.Context(), after, Options{})
		must.Do(t, err)
		if next := revokedIn(t, s, after, "two", two, 1); next.Cmp(used) <= 0 {
			t.Errorf("%s: list %v after the restore, %v was used before", name, next, used)
		}
		must.Do(t, s.Stop())
	}
}
