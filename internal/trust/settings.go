package trust

import (
	"errors"
	"fmt"

	"certwright/internal/setting"
	"certwright/internal/vault"
)

// Settings say where the certificate of the https listener comes from: from two
// files, or from a certificate of a vault of this server, which renews itself.
type Settings struct {
	Cert, Key   string // PEM files: the certificate with its chain, and its private key
	Vault       string // or the vault, and the name of the certificate in it
	Certificate string
}

// Fields implements setting.Settings.
func (s *Settings) Fields() []setting.Field {
	return []setting.Field{
		setting.File("cert", &s.Cert), setting.File("key", &s.Key),
		setting.Text("vault", &s.Vault), setting.Text("certificate", &s.Certificate),
	}
}

// Check tells what will not do. It reads no file.
func (s Settings) Check() (wrong []error) {
	files, own := s.Cert != "" || s.Key != "", s.FromVault() || s.Certificate != ""
	switch {
	case files && own:
		return []error{errors.New("name cert and key, or vault and certificate, not both")}
	case files && (s.Cert == "" || s.Key == ""):
		return []error{errors.New("cert and key belong together: name both files")}
	case own && (s.Vault == "" || s.Certificate == ""):
		return []error{errors.New("vault and certificate belong together: name both")}
	}
	if own && vault.CheckVaultName(s.Vault) != nil {
		wrong = append(wrong, fmt.Errorf("vault: %q is not a valid vault name: use 1 to 63 characters of 0-9, a-z and -", s.Vault))
	}
	if own && vault.CheckName(s.Certificate) != nil {
		wrong = append(wrong, fmt.Errorf("certificate: %q is not a valid name of a certificate: use 1 to 127 letters, digits and -", s.Certificate))
	}
	return wrong
}

// FromVault reports whether the certificate is one of a vault of this server.
func (s Settings) FromVault() bool { return s.Vault != "" }
