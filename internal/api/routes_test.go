package api

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"certwright/internal/must"
	"certwright/internal/vault"
)

func TestPathsFindTheirRows(t *testing.T) {
	t.Parallel()
	rt := mustRouter(t)
	for _, tt := range []struct{ method, path, want string }{
		{"GET", "/certificates", "GetCertificates"},
		{"GET", "/certificates/", "GetCertificates"},
		{"GET", "//certificates//", "GetCertificates"},
		{"GET", "/Certificates", "GetCertificates"},
		{"GET", "/certificates/web", "GetCertificate web"},
		{"GET", "/certificates/web/", "GetCertificate web"},
		{"GET", "//certificates/web//", "GetCertificate web"},
		{"GET", "/certificates/web/0123456789abcdef0123456789abcdef", "GetCertificate web 0123456789abcdef0123456789abcdef"},
		{"PATCH", "/certificates/Web/", "UpdateCertificate Web"},
		{"POST", "//certificates/selfSignedCert01/create", "CreateCertificate selfSignedCert01"},
		{"POST", "/CERTIFICATES/selfSignedCert01/CREATE", "CreateCertificate selfSignedCert01"},
		{"POST", "/certificates/web/pending/merge/", "MergeCertificate web"},
		{"GET", "/certificates/web/Pending", "GetCertificateOperation web"},
		{"GET", "/certificates/web/%70ending", "GetCertificateOperation web"},
		{"POST", "/certificates/restore", "RestoreCertificate"},

		// Words of the API where a name stands, and names where a word stands.
		{"GET", "/certificates/contacts", "GetCertificateContacts"},
		{"DELETE", "/certificates/Contacts", "DeleteCertificateContacts"},
		{"GET", "/certificates/issuers", "GetCertificateIssuers"},
		{"GET", "/certificates/issuers/", "GetCertificateIssuers"},
		{"GET", "/certificates/issuers/pending", "GetCertificateIssuer issuer=pending"},
		{"GET", "/certificates/issuers/Pending", "GetCertificateIssuer issuer=Pending"},
		{"PATCH", "/certificates/issuers/policy", "UpdateCertificateIssuer issuer=policy"},
		{"DELETE", "/certificates/issuers/pending", "DeleteCertificateIssuer issuer=pending"},
		{"POST", "/certificates/issuers/create", "405 DELETE, GET, PATCH, PUT"},
		{"POST", "/certificates/issuers", "405 GET"},
		{"GET", "/certificates/restore", "405 POST"},
		{"POST", "/certificates/restore/create", "404"},
		{"GET", "/certificates/contacts/policy", "404"},
		{"GET", "/certificates/issuers/x/versions", "404"},
		{"POST", "/certificates/issuers/pending/merge", "404"},
		{"GET", "/certificates/create", "GetCertificate create"},
		{"GET", "/certificates/pending/pending", "GetCertificateOperation pending"},
		{"GET", "/certificates/versions/versions", "GetCertificateVersions versions"},
		{"DELETE", "/certificates/policy", "DeleteCertificate policy"},
		{"GET", "/deletedcertificates/contacts", "GetDeletedCertificate contacts"},
		{"POST", "/deletedcertificates/x/recover", "RecoverDeletedCertificate x"},

		{"GET", "/keys/web/", "GetKey web"},
		{"GET", "/keys/contacts", "GetKey contacts"},
		{"POST", "/keys/web/create", "CreateKey web"},
		{"POST", "/keys/web/WrapKey", "wrapKey web"},
		{"POST", "/keys/web/0123456789abcdef0123456789abcdef/unwrapKey", "unwrapKey web 0123456789abcdef0123456789abcdef"},
		{"POST", "/keys/web//sign", "sign web"},
		{"POST", "/keys/sign/sign", "sign sign"},
		{"POST", "/keys/sign/sign/sign", "sign sign sign"},
		{"GET", "/keys/web/sign", "405 POST"},
		{"PUT", "/keys/web/rotationpolicy", "UpdateKeyRotationPolicy web"},
		{"PATCH", "/keys/web/rotationpolicy", "405 GET, PUT"},
		{"GET", "/keys/web/0123456789abcdef0123456789abcdef/attestation", "GetKeyAttestation web 0123456789abcdef0123456789abcdef"},
		{"POST", "/keys/restore", "RestoreKey"},
		{"PUT", "/keys/restore", "405 POST"},
		{"POST", "/keys/restore/create", "404"},
		{"POST", "/keys/Restore/sign", "404"},
		{"GET", "/secrets/restore/versions", "404"},
		{"DELETE", "/deletedkeys/restore", "PurgeDeletedKey restore"},
		{"POST", "/rng", "GetRandomBytes"},
		{"POST", "/RNG/", "GetRandomBytes"},
		{"GET", "/rng", "405 POST"},
		{"GET", "/secrets/web/versions", "GetSecretVersions web"},
		{"PUT", "/secrets/web", "SetSecret web"},
		{"DELETE", "/deletedsecrets/web", "PurgeDeletedSecret web"},

		{"GET", "/", "404"},
		{"GET", "", "404"},
		{"GET", "/certificate", "404"},
		{"GET", "/certificates/a/b/c", "404"},
		{"GET", "/certificates/a/pending/merge/now", "404"},
		{"GET", "/certificates/a/pending/x", "404"},
		{"PUT", "/certificates/web", "405 DELETE, GET, PATCH"},
		{"GET", "/certificates/web/create", "405 POST"},
		{"HEAD", "/certificates", "405 GET"},
		{"OPTIONS", "/certificates", "405 GET"},
		{"NONSENSE", "/certificates", "405 GET"},

		{"GET", "/keys/sign/sign/sign/sign", "404"},
		{"GET", "/certificates/a/b/c/d/e%zz", "404"}, // nobody reads that far

		// An escaped slash, dots and braces stay inside the name.
		{"GET", "/certificates/a%2Fpending", "GetCertificate a/pending"},
		{"GET", "/certificates/..", "GetCertificate .."},
		{"GET", "/certificates/%2e%2e/pending", "GetCertificateOperation .."},
		{"GET", "/certificates/{name}", "GetCertificate {name}"},
		{"GET", "/certificates/a%25b", "GetCertificate a%b"},
		{"GET", "/certificates/*", "GetCertificate *"},
		{"GET", "/certificates/a%zz", "400"},
	} {
		if got := found(rt, tt.method, tt.path); got != tt.want {
			t.Errorf("%s %s: %s, want %s", tt.method, tt.path, got, tt.want)
		}
	}
}

// found names what a request comes to.
func found(rt *router, method, path string) string {
	to, err := rt.find(method, path)
	var refusal *vault.Error
	switch {
	case errors.As(err, &refusal) && refusal.Reason == vault.NotFound:
		return "404"
	case errors.As(err, &refusal) && refusal.Reason == vault.NoMethod:
		return "405 " + strings.Join(to.allow, ", ")
	case errors.As(err, &refusal) && refusal.Reason == vault.Invalid:
		return "400"
	case err != nil:
		return err.Error()
	}
	s := to.row.operation
	if to.name != "" {
		s += " " + to.name
	}
	if to.version != "" {
		s += " " + to.version
	}
	if to.issuer != "" {
		s += " issuer=" + to.issuer
	}
	return s
}

func mustRouter(t testing.TB) *router {
	t.Helper()
	rt, err := newRouter(rows())
	must.Do(t, err)
	return rt
}

// A path's cost does not grow faster than the path: of a long one only the
// first few segments are looked at.
func TestLongPathsAreNotRead(t *testing.T) { // not parallel: it counts allocations
	rt := mustRouter(t)
	if rt.longest != 4 {
		t.Errorf("the longest pattern has %d segments, want 4", rt.longest)
	}
	long := strings.Repeat("/a", 31000)
	if got := found(rt, "GET", long); got != "404" {
		t.Errorf("a long path: %s", got)
	}
	if n := testing.AllocsPerRun(10, func() { found(rt, "GET", long) }); n > 50 {
		t.Errorf("a path of 31,000 segments costs %v allocations", n)
	}
}

func TestNoRowTwice(t *testing.T) {
	t.Parallel()
	r := row{method: "GET", path: "/x"}
	if _, err := newRouter([]row{r, r}); err == nil {
		t.Error("two rows for one method and path were taken")
	}
}

// TestRoutesCoverTheSpec reads the published specifications beside the project
// and asks for a row of the same name for each operation on certificates, keys
// and secrets.
func TestRoutesCoverTheSpec(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../../shared/contract/openapi/*/*.json")
	must.Do(t, err)
	if len(files) == 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("the published specifications are not beside the project")
		}
		t.Skip("SKIPPED: the published specifications are not beside the project; the table of routes is not checked against them")
	}
	rt := mustRouter(t)
	versions, keys := map[string]int{}, map[string]int{}
	for _, file := range files {
		kind, version := strings.TrimSuffix(filepath.Base(file), ".json"), filepath.Base(filepath.Dir(file))
		for _, op := range specOperations(t, file) {
			switch kind {
			case "certificates":
				versions[version]++
			case "keys":
				keys[version]++
			case "secrets":
			default:
				continue
			}
			if got, _, _ := strings.Cut(found(rt, op.method, op.path), " "); got != op.id {
				t.Errorf("%s: %s %s is %s, want %s", file, op.method, op.path, got, op.id)
			}
		}
	}
	if len(versions) < 8 {
		t.Errorf("specifications of %d versions, want 8", len(versions))
	}
	for v, want := range map[string]int{"7.1": 19, "7.2": 19, "7.3": 24, "7.4": 24, "7.5": 24} {
		if keys[v] != want {
			t.Errorf("version %s has %d key operations, want %d", v, keys[v], want)
		}
	}
	for v, n := range versions {
		if n != 27 {
			t.Errorf("version %s has %d certificate operations, want 27", v, n)
		}
	}
}

type specOperation struct{ method, path, id string }

// specOperations lists a specification's operations, with x for every parameter of a path.
func specOperations(t *testing.T, file string) (ops []specOperation) {
	t.Helper()
	b, err := os.ReadFile(file)
	must.Do(t, err)
	var spec struct {
		Paths map[string]map[string]struct{ OperationID string }
	}
	must.Do(t, json.Unmarshal(b, &spec))
	for path, methods := range spec.Paths {
		segs := strings.Split(path, "/")
		for i, s := range segs {
			if strings.HasPrefix(s, "{") {
				segs[i] = "x"
			}
		}
		for method, op := range methods {
			ops = append(ops, specOperation{strings.ToUpper(method), strings.Join(segs, "/"), op.OperationID})
		}
	}
	return ops
}

func FuzzFind(f *testing.F) {
	rt := mustRouter(f)
	for _, p := range []string{"/", "//certificates//a/", "/certificates/%2f", "/certificates/issuers/pending", "/%", "/keys/a/b/c/d", "/certificates/{x}/*"} {
		f.Add("GET", p)
	}
	f.Fuzz(func(t *testing.T, method, path string) {
		to, err := rt.find(method, path)
		if (err == nil) != (to.row != nil) {
			t.Errorf("%s %q: row %v with error %v", method, path, to.row, err)
		}
	})
}
