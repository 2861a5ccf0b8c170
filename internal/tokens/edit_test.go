package tokens

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"certwright/internal/must"
)

// The file is changed where it is meant, and remarks in it stay.
func TestEditClients(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "clients.yaml")
	edit := func(change func(f *ClientsFile) error) *ClientsFile {
		t.Helper()
		f, err := OpenClients(path)
		must.Do(t, err)
		must.Do(t, change(f))
		must.Do(t, f.Write())
		return f
	}
	_, one := NewSecret()
	_, two := NewSecret()
	web := ClientSettings{ID: "web-id", Name: "web", Groups: []string{"a", "b"}, Secrets: []SecretSettings{{Hash: one, Expires: "2027-01-01"}},
		Certificates: []CertificateSettings{{CA: "/ca.pem", Subject: "CN=web"}}, Federated: []FederatedSettings{{Issuer: "cluster", Subject: "system:serviceaccount:shop:web"}}}
	edit(func(f *ClientsFile) error { return f.Add(web) })
	text, err := os.ReadFile(path)
	must.Do(t, err)
	must.Do(t, os.WriteFile(path, []byte(strings.Replace(string(text), "name: web", "name: web # of the shop", 1)), 0o644))
	edit(func(f *ClientsFile) error { return f.Add(ClientSettings{ID: "other-id"}) })
	edit(func(f *ClientsFile) error { return f.SetSecrets(f.Find("OTHER-ID"), []SecretSettings{{Hash: two}}) })
	f := edit(func(f *ClientsFile) error {
		return f.SetSecrets(f.Find("web"), []SecretSettings{{Hash: one}, {Hash: two}})
	})
	web.Secrets = []SecretSettings{{Hash: one}, {Hash: two}}
	if diff := cmp.Diff([]ClientSettings{web, {ID: "other-id", Secrets: []SecretSettings{{Hash: two}}}}, f.Clients()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	edit(func(f *ClientsFile) error { return f.Remove(f.Find("other-id")) })
	text, err = os.ReadFile(path)
	must.Do(t, err)
	if got, err := ReadClients(path); err != nil || cmp.Diff([]ClientSettings{web}, got) != "" {
		t.Errorf("%v, %v", got, err)
	}
	for _, want := range []string{"# Clients of the token service.", "name: web # of the shop", "groups: [a, b]"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

// What would not do is not written, nor is over another's change.
func TestEditRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "clients.yaml")
	f, err := OpenClients(path)
	must.Do(t, err)
	must.Do(t, f.Add(ClientSettings{ID: "a", Name: "web"}))
	for _, c := range []ClientSettings{{ID: "WEB"}, {ID: "b", Name: "A"}, {ID: "no good"}, {Name: "c"}} {
		g, err := OpenClients(path)
		must.Do(t, err)
		must.Do(t, g.Add(ClientSettings{ID: "a", Name: "web"}))
		if err := g.Add(c); err == nil {
			t.Errorf("%+v was taken", c)
		}
	}
	must.Do(t, os.WriteFile(path, []byte("clients: [{id: z}]\n"), 0o644))
	if err := f.Write(); err == nil || !strings.Contains(err.Error(), "meanwhile") {
		t.Errorf("over another's: %v", err)
	}
	for _, text := range []string{"clients: 1\n", "- a\n", "client: []\n", "clients:\n", "# nothing\n"} {
		must.Do(t, os.WriteFile(path, []byte(text), 0o644))
		if _, err := OpenClients(path); err == nil {
			t.Errorf("%q was opened", text)
		}
	}
}
