package service

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"certwright/internal/vault"

	"github.com/google/go-cmp/cmp"
)

// The form of backups is a promise: blobs that were given out stay readable.
// testdata holds one of each kind, opened. A change that breaks this test needs
// a new binding beside the old one, not a new file.
func TestBackupFormHolds(t *testing.T) {
	t.Parallel()
	for _, kind := range []vault.Kind{vault.Certificates, vault.Keys, vault.Secrets} {
		text, err := os.ReadFile(filepath.Join("testdata", "backup-"+string(kind)+"-1.json"))
		if err != nil {
			t.Fatal(err)
		}
		var got backup
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(sampleBackup(kind), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", kind, diff)
		}
	}
}

// sampleBackup fills every field that a backup of the kind carries.
func sampleBackup(kind vault.Kind) backup {
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	const id = "f366e1a9dd774288ad84a45a5f620352"
	ref := vault.Ref{Vault: "default", Kind: kind, Name: "Web"}
	attrs := vault.Attributes{Enabled: true, NotBefore: at, Expires: at.AddDate(1, 0, 0), Created: at, Updated: at}
	head := vault.Object{Ref: ref, Latest: id, Created: at, Rev: 7}
	make := func(k vault.Kind) *vault.Version {
		return &vault.Version{Ref: ref.As(k), ID: id, Attributes: attrs, Tags: map[string]string{"a": "b"}, Managed: k != kind}
	}
	var v backupVersion
	for _, k := range shapes(kind) {
		*v.shape(k) = make(k)
	}
	if v.Certificate != nil {
		yes := true
		head.Policy = &vault.Policy{Key: vault.KeyProps{Type: vault.EC, Curve: vault.P256, Size: 256, Exportable: true, Reuse: true},
			Secret: vault.SecretProps{ContentType: vault.PEM},
			X509: vault.X509Props{Subject: "CN=web", SANs: &vault.SANs{DNS: []string{"web"}, Emails: []string{}, UPNs: []string{"u@w"}, URIs: []string{"urn:w"}, IPs: []string{"::1"}},
				EKUs: []string{"1.3.6.1.5.5.7.3.1"}, Usage: []vault.KeyUsage{vault.DigitalSignature}, ValidityMonths: 12, CA: true},
			Lifetime: []vault.LifetimeAction{{Trigger: vault.Trigger{LifetimePercentage: 80, DaysBeforeExpiry: 1}, Action: vault.AutoRenew}},
			Issuer:   vault.IssuerParams{Name: "Self", CertType: "OV-SSL", Transparency: &yes},
			Platform: &vault.PlatformManaged{CertificateUsage: "u", Metadata: []byte("{}")}, Enabled: true, Created: at, Updated: at}
		v.Certificate.Certificate = &vault.CertificateBody{Leaf: []byte{1}, Chain: [][]byte{{1}, {2}}, Thumbprint: []byte{3}, Subject: "CN=web", PreserveOrder: true, IssuerRef: []byte{4}}
	}
	if v.Key != nil {
		v.Key.Key = &vault.KeyBody{Type: vault.EC, Curve: vault.P256, Size: 256, Public: []byte{5}, Operations: []string{"sign"}, Exportable: true, Release: []byte("{}")}
		v.Private = []byte{6}
	}
	if v.Secret != nil {
		v.Secret.Secret = &vault.SecretBody{ContentType: vault.PEM, Previous: "p"}
		v.Value = []byte{7}
	}
	if kind == vault.Keys {
		head.Rotation = &vault.KeyRotationPolicy{Actions: []vault.RotationAction{{Type: vault.Rotate, AfterCreate: vault.Period{Days: 30}}}, Expiry: vault.Period{Years: 2}, Created: at, Updated: at}
	}
	return backup{Head: head, Versions: []backupVersion{v}}
}
