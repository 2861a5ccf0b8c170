package setup_test

import (
	"slices"
	"strings"
	"testing"

	"certwright/internal/config"
	"certwright/internal/setup"
)

// Whatever is answered, the file is one that the program takes and that says what
// was answered.
func TestText(t *testing.T) {
	t.Parallel()
	for _, authorities := range [][]string{nil, {setup.Internal}, setup.Authorities()} {
		for _, signIn := range append(setup.SignIns(), "") {
			for _, mail := range []string{"", "mail.example.org:587"} {
				a := setup.Answers{
					Production: signIn != "", Host: "vault.example.org", Vaults: []string{"web", "infra"}, Data: "./it's here", Authorities: authorities,
					Directory: "https://ca.example.org/directory", Address: "https://bao.example.org:8200", Role: "web",
					MailHost: mail, MailFrom: "Certs <certs@example.org>", SignIn: signIn, Issuer: "https://sso.example.org", Administrator: "ann",
				}
				if signIn == setup.ByEntra {
					a.Issuer, a.Administrator = "1f4a9b0e-6c1d-4f3b-9b57-0d0f8e6f4c11", "5d1c0000-0000-0000-0000-000000000001"
				}
				text := a.Text()
				c, err := config.Parse([]byte(text), t.TempDir())
				if c.Production = a.Production; err == nil {
					err = c.Check()
				}
				if err != nil {
					t.Errorf("%+v: %v\n%s", a, err, text)
					continue
				}
				if want := max(1, len(authorities)); len(c.Providers) != want || c.Data != a.Data || a.Production && len(c.Vaults) != 2 {
					t.Errorf("%d providers, data %q, %d vaults in\n%s", len(c.Providers), c.Data, len(c.Vaults), text)
				}
				if strings.Contains(text, "\nsmtp:") != (mail != "") || slices.Contains(authorities, setup.ACME) != strings.Contains(text, a.Directory) {
					t.Errorf("it does not say what was answered:\n%s", text)
				}
			}
		}
	}
}
