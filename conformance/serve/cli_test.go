package serve_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"certwright/internal/authority"
	"certwright/internal/files"
	"certwright/internal/must"
	"certwright/internal/tokens"
	"certwright/internal/trust"
)

// proven writes a client certificate of an authority, and its key, to one file.
func proven(t *testing.T, a authority.Authority, file, name string) (der []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must.Do(t, err)
	uri, err := url.Parse(name)
	must.Do(t, err)
	der, err = a.Leaf(key.Public(), x509.Certificate{SerialNumber: authority.NewSerial(16), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(0, 0, 1),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, URIs: []*url.URL{uri}})
	must.Do(t, err)
	cert, private, err := trust.EncodePair(&tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key})
	must.Do(t, err)
	must.Do(t, files.Replace(file, append(cert, private...), 0o600))
	return der
}

// The commands about vaults sign in at a production server in each way that there
// is, and say of a refusal what it was and what leads out.
func TestCommandLine(t *testing.T) {
	t.Parallel()
	h, shop, blog := withTokens(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must.Do(t, err)
	ours, err := authority.Root(key, x509.Certificate{SerialNumber: authority.NewSerial(16), Subject: pkix.Name{CommonName: "Clients"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(0, 0, 1), KeyUsage: x509.KeyUsageCertSign})
	must.Do(t, err)
	must.Do(t, files.Replace(h.File("clients.pem"), authority.PEM(ours.Certificate.Raw), 0o644))
	proven(t, ours, h.File("mutual.pem"), "spiffe://example.org/web")
	must.Do(t, files.Replace(h.File("signer-cert.pem"), authority.PEM(proven(t, ours, h.File("signer.pem"), "spiffe://example.org/signer")), 0o644))
	f, err := tokens.OpenClients(h.File("clients.yaml"))
	must.Do(t, err)
	const signer = "6f2c0d3e-0000-4000-8000-000000000003"
	must.Do(t, f.Add(tokens.ClientSettings{ID: signer, Name: "signer", Certificates: []tokens.CertificateSettings{{File: h.File("signer-cert.pem")}}}))
	must.Do(t, f.Write())
	h.Nodes["auth"] = strings.TrimSuffix(h.Nodes["auth"], "}") + ", mtls: {ca: clients.pem, subject: san_uri}}"
	h.Nodes["access"] = `{assignments: [
  {role: Key Vault Administrator, to: {client: web-shop}, on: /vaults/web}, {role: Key Vault Administrator, to: {client: signer}, on: /vaults/web},
  {role: Key Vault Administrator, to: {issuer: mtls, subject: "spiffe://example.org/web"}, on: /vaults/web}]}`
	must.Do(t, files.Replace(h.File("secret.txt"), []byte(shop.secret+"\n"), 0o600))
	must.Do(t, files.Replace(h.File("workload.jwt"), []byte(h.Issuer.Token("system:serviceaccount:web-shop", map[string]any{"aud": "api://AzureADTokenExchange"})), 0o600))
	s := h.Start(t)

	run := func(env []string, args ...string) (out, said string, code int) {
		t.Helper()
		h.Env = append([]string{"CERTWRIGHT_DATA=" + h.File("data"), "HOME=" + h.Folder, "PATH=/usr/bin:/bin"}, env...)
		return h.Run(t, append(args, "--ca-file", h.CA)...)
	}
	for name, c := range map[string]struct {
		env  []string
		args []string
		code int
		hint string
	}{
		"a secret": {[]string{"AZURE_CLIENT_ID=" + shop.id, "AZURE_CLIENT_SECRET=" + shop.secret}, nil, 0, ""},
		"a secret, by Azure's variables": {[]string{"AZURE_CLIENT_ID=" + shop.id, "AZURE_CLIENT_SECRET=" + shop.secret, "AZURE_TENANT_ID=adfs",
			"AZURE_AUTHORITY_HOST=" + s.Vault("shop"), "AZURE_KEYVAULT_URL=" + s.Vault("web")}, nil, 0, ""},
		"a secret in a file":     {nil, []string{"--client-id", shop.id, "--client-secret-file", h.File("secret.txt")}, 0, ""},
		"a workload's token":     {[]string{"AZURE_CLIENT_ID=" + shop.id, "AZURE_FEDERATED_TOKEN_FILE=" + h.File("workload.jwt")}, nil, 0, ""},
		"a client certificate":   {nil, []string{"--client-id", signer, "--client-certificate", h.File("signer.pem")}, 0, ""},
		"the connection's":       {nil, []string{"--client-certificate", h.File("mutual.pem")}, 0, ""},
		"a token":                {[]string{"CERTWRIGHT_TOKEN=" + token(t, s, "web", "client_id", shop.id, "client_secret", shop.secret).Text("access_token")}, nil, 0, ""},
		"who may not":            {[]string{"AZURE_CLIENT_ID=" + blog.id, "AZURE_CLIENT_SECRET=" + blog.secret}, nil, 4, "hint: who you signed in as may not do that"},
		"a wrong secret":         {[]string{"AZURE_CLIENT_ID=" + shop.id, "AZURE_CLIENT_SECRET=" + blog.secret}, nil, 4, "hint: are the client's id, its secret"},
		"a bad token":            {[]string{"CERTWRIGHT_TOKEN=x"}, nil, 4, "hint: sign in: set CERTWRIGHT_TOKEN"},
		"nothing":                {nil, nil, 1, "hint: set CERTWRIGHT_TOKEN, or AZURE_CLIENT_ID"},
		"no client":              {nil, []string{"--client-secret-file", h.File("secret.txt")}, 2, "hint: --client-id"},
		"a stranger's authority": {[]string{"AZURE_CLIENT_ID=" + shop.id, "AZURE_CLIENT_SECRET=" + shop.secret, "AZURE_AUTHORITY_HOST=https://127.0.0.1:1"}, nil, 1, "hint: does it run, and does this machine reach it?"},
	} {
		out, said, code := run(c.env, append([]string{"cert", "list", "-o", "json", "--vault", "web"}, c.args...)...)
		if code != c.code || !strings.Contains(said, c.hint) || code == 0 && out != "[]\n" {
			t.Errorf("%s: %d\n%s%s", name, code, out, said)
		}
		if strings.Contains(said, shop.secret) || strings.Contains(said, blog.secret) {
			t.Errorf("%s: it tells a secret: %s", name, said)
		}
	}

	admin := []string{"AZURE_CLIENT_ID=" + shop.id, "AZURE_CLIENT_SECRET=" + shop.secret}
	folder := t.TempDir()
	for _, c := range []struct {
		line string
		want string
	}{
		{"issuer set own --provider Internal", "provider  Internal"},
		{"cert new site --issuer own --dns site.example.org --wait", "site is made: version "},
		{"cert list", "site  valid  in "},
		{"cert show site", "issuer         own"},
		{"cert export site --as pem,chain --dir " + folder, "wrote " + filepath.Join(folder, "site.pem")},
		{"cert renew site --wait", "site is made: version "},
		{"cert policy set site --renew-at 50%", "lifetime_percentage: 50"},
		{"cert delete site --yes", "deleted site; "},
		{"cert recover site", "site is back"},
		{"secret set word --file " + h.File("secret.txt"), "word is set"},
		{"key show site", "kind     RSA 2048"},
		{"contact set ops@example.org", "ops@example.org"},
	} {
		out, said, code := run(admin, append(strings.Fields(c.line), "--vault", "web")...)
		if code != 0 || !strings.Contains(out, c.want) {
			t.Errorf("%s: %d\n%s%s", c.line, code, out, said)
		}
	}
	if info, err := os.Stat(filepath.Join(folder, "site.pem")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("what was exported: %v, %v", info, err)
	}
}
