package api

import (
	"net/http"
	"strings"
	"testing"

	"certwright/internal/access"
	"certwright/internal/must"
	"certwright/internal/vault"
)

// asks is what each operation of the API asks for: the action, and of what: the
// object of the path, or the vault as a whole.
var asks = map[string]string{
	"GetCertificate": "certificates/get object", "UpdateCertificate": "certificates/update object", "CreateCertificate": "certificates/create object",
	"ImportCertificate": "certificates/import object", "GetCertificatePolicy": "certificates/get object", "UpdateCertificatePolicy": "certificates/update object",
	"GetCertificateOperation": "certificates/get object", "UpdateCertificateOperation": "certificates/update object",
	"DeleteCertificateOperation": "certificates/update object", "MergeCertificate": "certificates/create object",
	"GetCertificateContacts": "certificates/managecontacts vault", "SetCertificateContacts": "certificates/managecontacts vault", "DeleteCertificateContacts": "certificates/managecontacts vault",
	"GetCertificateIssuers": "certificates/listissuers vault", "GetCertificateIssuer": "certificates/getissuers vault", "SetCertificateIssuer": "certificates/setissuers vault",
	"UpdateCertificateIssuer": "certificates/setissuers vault", "DeleteCertificateIssuer": "certificates/deleteissuers vault",
	"GetKey": "keys/get object", "GetKeyAttestation": "keys/get object", "CreateKey": "keys/create object", "ImportKey": "keys/import object",
	"UpdateKey": "keys/update object", "RotateKey": "keys/rotate object", "GetKeyRotationPolicy": "keys/getrotationpolicy object", "UpdateKeyRotationPolicy": "keys/setrotationpolicy object",
	"encrypt": "keys/encrypt/public object", "decrypt": "keys/decrypt object", "sign": "keys/sign object", "verify": "keys/verify/public object",
	"wrapKey": "keys/wrapKey/public object", "unwrapKey": "keys/unwrapKey object", "release": "keys/release object", "GetRandomBytes": "keys/rng vault",
	"GetSecret": "secrets/get object", "SetSecret": "secrets/set object", "UpdateSecret": "secrets/update object",
}

// asksOf adds what every kind has.
func asksOf(operation string) string {
	if want, ok := asks[operation]; ok {
		return want
	}
	for _, k := range []vault.Kind{vault.Certificates, vault.Keys, vault.Secrets} {
		for of, want := range map[string]string{
			"Get" + k.Title() + "s": "list vault", "Get" + k.Title() + "Versions": "list object", "Delete" + k.Title(): "delete object",
			"Backup" + k.Title(): "backup object", "Restore" + k.Title(): "restore vault", "GetDeleted" + k.Title() + "s": "list vault",
			"GetDeleted" + k.Title(): "getdeleted object", "PurgeDeleted" + k.Title(): "purge object", "RecoverDeleted" + k.Title(): "recover object",
		} {
			if operation == of {
				return string(k) + "/" + want
			}
		}
	}
	return ""
}

// walk sends one request to every row that is an operation, and hands over what
// came of it. NoOperation refuses a path that people try, without looking.
func (g *rig) walk(t *testing.T, then func(r row, got reply)) {
	t.Helper()
	for _, r := range rows() {
		if r.operation == "NoOperation" {
			continue
		}
		path := strings.NewReplacer("{name}", "web", "{issuer}", "ca", "{version}", strings.Repeat("0", 32)).Replace(r.path)
		body := ""
		if r.limit > 0 {
			body = bodyOf(t, r.operation)
		}
		req := request(r.method, path+"?api-version=2025-07-01", body)
		then(r, g.serve(req))
	}
}

// TestEveryOperationAsksOnce walks the table of routes: whoever may do nothing is
// refused at every row, before it is told whether anything is there, and each row
// asks for exactly the one action that is written down here, of the object of its
// path or of the vault; that action is one which a role can grant.
func TestEveryOperationAsksOnce(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	bar := &gate{}
	g.service.Access = bar
	known := map[vault.Action]bool{}
	for _, do := range access.Actions() {
		known[do] = true
	}
	walked := 0
	g.walk(t, func(r row, got reply) {
		walked++
		asked := bar.asked
		bar.asked = nil
		do, of, _ := strings.Cut(asksOf(r.operation), " ")
		kind, _, _ := strings.Cut(do, "/")
		want := question{vault.Action(do), vault.Ref{Vault: "web", Kind: vault.Kind(kind)}}
		if of == "object" {
			want.on.Name = "web"
		}
		if got.status != http.StatusForbidden || len(asked) != 1 || asked[0] != want || !known[want.do] {
			t.Errorf("%s %s (%s): %d, asked for %v, want %v", r.method, r.path, r.operation, got.status, asked, want)
		}
		if r.asks != "" && r.asks != want.do {
			t.Errorf("%s %s: before its body is read it asks for %s, then for %s", r.method, r.path, r.asks, want.do)
		}
	})
	if walked < 70 {
		t.Errorf("%d rows", walked)
	}
}

// TestPermissionComesBeforeWhatIsWrong: whoever may not do a thing is not told what
// is wrong with the request, at any row that reads a body.
func TestPermissionComesBeforeWhatIsWrong(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	bar := &gate{}
	g.service.Access = bar
	for _, r := range rows() {
		if r.limit == 0 {
			continue
		}
		path := strings.NewReplacer("{name}", "web", "{issuer}", "ca", "{version}", strings.Repeat("0", 32)).Replace(r.path) + "?api-version=7.4"
		for body, want := range map[string]int{"{": 400, `{"value":7,"attributes":7,"policy":7,"key":7,"kty":7,"alg":7,"x5c":7,"contacts":7,"provider":7,"lifetimeActions":7,"target":7,"count":"x"}`: 400, "text": 415} {
			req := request(r.method, path, body)
			if want == 415 {
				req.Header.Set("Content-Type", "text/plain")
			}
			bar.open = false
			if got := g.serve(req); got.status != http.StatusForbidden {
				t.Errorf("%s %s with %s, of nobody: %d %s", r.method, r.path, body, got.status, got.body)
			}
			req = request(r.method, path, body)
			if want == 415 {
				req.Header.Set("Content-Type", "text/plain")
			}
			bar.open = true
			if got := g.serve(req); want == 415 && got.status != want || got.status == http.StatusForbidden || body == "{" && got.status != want {
				t.Errorf("%s %s with %s: %d %s", r.method, r.path, body, got.status, got.body)
			}
		}
	}
}

// TestARoleIsHeldToItself gives a caller one role on one object and walks the
// table: what it may do is done, at that object alone, and everything else is 403
// in the service's words.
func TestARoleIsHeldToItself(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	table, err := access.New(access.Settings{Assignments: []access.Assignment{
		{Role: "Key Vault Certificate User", To: access.Principal{Issuer: "corp", Subject: "ann"}, On: "/vaults/web/certificates/web", With: []string{"keys", "secrets"}}}},
		[]access.Vault{{Name: "web"}}, access.Surroundings{})
	must.Do(t, err)
	g.must(202, "POST", "/certificates/web/create", selfPolicy)
	g.must(200, "GET", "/certificates/web/pending", "")
	g.must(202, "POST", "/certificates/other/create", selfPolicy)
	g.must(200, "GET", "/certificates/other/pending", "")
	g.service.Access = table
	g.handler.Authenticate = func(*http.Request) (vault.Caller, error) { return vault.Caller{Issuer: "corp", Subject: "ann"}, nil }
	may := map[string]bool{"GetCertificate": true, "GetCertificatePolicy": true, "GetCertificateOperation": true, "GetCertificateVersions": true,
		"GetKey": true, "GetKeyAttestation": true, "GetKeyVersions": true, "GetSecret": true, "GetSecretVersions": true,
		"GetDeletedCertificate": true, "GetDeletedKey": true, "GetDeletedSecret": true, "encrypt": true, "verify": true, "wrapKey": true}
	g.walk(t, func(r row, got reply) {
		refused := got.status == http.StatusForbidden && strings.Contains(got.body, `"innererror":{"code":"ForbiddenByRbac"}`)
		if refused == may[r.operation] {
			t.Errorf("%s %s: %d %s", r.method, r.path, got.status, got.body)
		}
	})
	for range 2 { // the second is answered from what is rendered
		for _, path := range []string{"/certificates/other", "/keys/other", "/secrets/other", "/certificates/none", "/secrets/none"} {
			if got := g.do("GET", path, ""); got.status != http.StatusForbidden {
				t.Errorf("GET %s: %d", path, got.status)
			}
		}
		g.must(200, "GET", "/secrets/web", "")
	}
}

// TestRestoreIsOfTheVault: the name is within the blob, which may come from another
// vault: only who may restore into the whole vault may.
func TestRestoreIsOfTheVault(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	g.must(200, "PUT", "/secrets/mine", `{"value":"x"}`)
	blob := g.must(200, "POST", "/secrets/mine/backup", "").body
	grant := func(on string) {
		table, err := access.New(access.Settings{Assignments: []access.Assignment{{Role: "Key Vault Secrets Officer", To: access.Principal{Issuer: "corp", Subject: "ann"}, On: on}}},
			[]access.Vault{{Name: "web"}, {Name: "shop"}}, access.Surroundings{})
		must.Do(t, err)
		g.service.Access = table
	}
	g.handler.Authenticate = func(*http.Request) (vault.Caller, error) { return vault.Caller{Issuer: "corp", Subject: "ann"}, nil }
	restore := func(host string) reply {
		r := request("POST", "/secrets/restore?api-version=7.4", blob)
		r.Host = host + ".vault.localhost"
		return g.serve(r)
	}
	grant("/vaults/web/secrets/mine")
	g.must(200, "POST", "/secrets/mine/backup", "")
	for _, host := range []string{"web", "shop"} {
		if got := restore(host); got.status != http.StatusForbidden {
			t.Errorf("into %s with a role on the object: %d %s", host, got.status, got.body)
		}
	}
	grant("/vaults/web")
	if got := restore("shop"); got.status != http.StatusForbidden {
		t.Errorf("into another vault: %d %s", got.status, got.body)
	}
	if got := restore("web"); got.status != http.StatusConflict { // it is there already: the permission was enough
		t.Errorf("into its own: %d %s", got.status, got.body)
	}
	grant("/vaults/shop")
	if got := restore("shop"); got.status != http.StatusOK {
		t.Errorf("into a vault that it may restore into: %d %s", got.status, got.body)
	}
}
