package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azcertificates"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"
)

// secretLife is one secret from its first version through updates to its lists.
func secretLife(ctx context.Context, s *suite) error {
	name, from, to := s.name("secret"), time.Unix(1893459661, 0).UTC(), time.Unix(2208992461, 0).UTC()
	made, err := s.secrets.SetSecret(ctx, name, azsecrets.SetSecretParameters{Value: p("Grüße"), ContentType: p("big secret"),
		SecretAttributes: &azsecrets.SecretAttributes{Enabled: p(true), NotBefore: &from}, Tags: map[string]*string{"tag": p("value")}}, nil)
	if err != nil {
		return err
	}
	got, err := s.secrets.GetSecret(ctx, name, "", nil)
	if err != nil {
		return err
	}
	if err := first(s.is("value", *got.Value, "Grüße"), s.is("secret got", got.Secret, made.Secret), s.is("nbf", got.Attributes.NotBefore.UTC(), from),
		s.is("content type", *got.ContentType, "big secret"), s.is("tag", the(got.Tags["tag"]), "value")); err != nil {
		return err
	}
	second, err := s.secrets.SetSecret(ctx, name, azsecrets.SetSecretParameters{Value: p("second")}, nil)
	if err != nil {
		return err
	}
	changed, err := s.secrets.UpdateSecretProperties(ctx, name, made.ID.Version(), azsecrets.UpdateSecretPropertiesParameters{ContentType: p("text/plain"),
		SecretAttributes: &azsecrets.SecretAttributes{Expires: &to}}, nil)
	if err != nil {
		return err
	}
	old, err := s.secrets.GetSecret(ctx, name, made.ID.Version(), nil)
	if err != nil {
		return err
	}
	if err := first(s.is("value of an update", the(changed.Value), ""), s.is("exp", changed.Attributes.Expires.UTC(), to), s.is("nbf kept", changed.Attributes.NotBefore.UTC(), from),
		s.is("tag kept", the(changed.Tags["tag"]), "value"), s.is("content type", *changed.ContentType, "text/plain"), s.is("value kept", *old.Value, "Grüße")); err != nil {
		return err
	}
	return s.secretLists(ctx, name, made.ID.Version(), second.ID.Version())
}

func (s *suite) secretLists(ctx context.Context, name string, versions ...string) error {
	got := map[string]bool{}
	for pager := s.secrets.NewListSecretPropertiesVersionsPager(name, nil); pager.More(); {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, x := range page.Value {
			got[x.ID.Version()] = true
		}
	}
	if err := first(s.is("number of versions", len(got), len(versions)), s.is("versions", got[versions[0]] && got[versions[1]], true)); err != nil {
		return err
	}
	for i := range 27 {
		if _, err := s.secrets.SetSecret(ctx, s.name(fmt.Sprintf("secrets-%d", i)), azsecrets.SetSecretParameters{Value: p("v")}, nil); err != nil {
			return err
		}
	}
	pages, found := 0, 0
	for pager := s.secrets.NewListSecretPropertiesPager(nil); pager.More(); pages++ {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, x := range page.Value {
			if strings.HasPrefix(x.ID.Name(), s.name("secrets-")) {
				found++
			}
		}
	}
	return first(s.is("found in the list", found, 27), s.is("more than one page", pages > 1, true))
}

// secretRecovery deletes, recovers, purges, backs up and restores.
func secretRecovery(ctx context.Context, s *suite) error {
	name := s.name("secret-recover")
	made, err := s.secrets.SetSecret(ctx, name, azsecrets.SetSecretParameters{Value: p("kept")}, nil)
	if err != nil {
		return err
	}
	kept, err := s.secrets.BackupSecret(ctx, name, nil)
	if err != nil {
		return err
	}
	_, clash := s.secrets.RestoreSecret(ctx, azsecrets.RestoreSecretParameters{SecretBackup: kept.Value}, nil)
	gone, err := s.secrets.DeleteSecret(ctx, name, nil)
	if err != nil {
		return err
	}
	_, missing := s.secrets.GetSecret(ctx, name, "", nil)
	_, taken := s.secrets.SetSecret(ctx, name, azsecrets.SetSecretParameters{Value: p("other")}, nil)
	deleted, err := s.secrets.GetDeletedSecret(ctx, name, nil)
	if err != nil {
		return err
	}
	listed := false
	for pager := s.secrets.NewListDeletedSecretPropertiesPager(nil); pager.More(); {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, x := range page.Value {
			listed = listed || x.ID.Name() == name
		}
	}
	if err := first(s.refused(clash, 409, "Conflict"), s.refused(missing, 404, "SecretNotFound"), s.refused(taken, 409, "Conflict"), s.is("listed as deleted", listed, true),
		s.is("deleted secret", deleted.DeletedSecret, gone.DeletedSecret), s.is("retention", gone.ScheduledPurgeDate.Sub(*gone.DeletedDate).Hours()/24, 90.0)); err != nil {
		return err
	}
	if _, err := s.secrets.RecoverDeletedSecret(ctx, name, nil); err != nil {
		return err
	}
	back, err := s.secrets.GetSecret(ctx, name, "", nil)
	if err != nil {
		return err
	}
	if err := s.is("recovered", back.Secret, made.Secret); err != nil {
		return err
	}
	if _, err := s.secrets.DeleteSecret(ctx, name, nil); err != nil {
		return err
	}
	if _, err := s.secrets.PurgeDeletedSecret(ctx, name, nil); err != nil {
		return err
	}
	_, purged := s.secrets.GetDeletedSecret(ctx, name, nil)
	if _, err := s.secrets.RestoreSecret(ctx, azsecrets.RestoreSecretParameters{SecretBackup: kept.Value}, nil); err != nil {
		return err
	}
	restored, err := s.secrets.GetSecret(ctx, name, made.ID.Version(), nil)
	if err != nil {
		return err
	}
	_, malformed := s.secrets.RestoreSecret(ctx, azsecrets.RestoreSecretParameters{SecretBackup: []byte("no backup")}, nil)
	return first(s.refused(purged, 404, "SecretNotFound"), s.is("restored", restored.Secret, made.Secret), s.refused(malformed, 400, "Malformed backup blob"))
}

// secretRefusals are the limits and what a disabled secret answers.
func secretRefusals(ctx context.Context, s *suite) error {
	name := s.name("secret-refused")
	_, missing := s.secrets.GetSecret(ctx, name, "", nil)
	_, over := s.secrets.SetSecret(ctx, name, azsecrets.SetSecretParameters{Value: p(strings.Repeat("x", 25*1024+1))}, nil)
	_, still := s.secrets.GetSecret(ctx, name, "", nil)
	most, err := s.secrets.SetSecret(ctx, name, azsecrets.SetSecretParameters{Value: p(strings.Repeat("x", 25*1024))}, nil)
	if err != nil {
		return err
	}
	_, longType := s.secrets.SetSecret(ctx, name, azsecrets.SetSecretParameters{Value: p("v"), ContentType: p(strings.Repeat("t", 256))}, nil)
	if _, err := s.secrets.UpdateSecretProperties(ctx, name, "", azsecrets.UpdateSecretPropertiesParameters{SecretAttributes: &azsecrets.SecretAttributes{Enabled: p(false)}}, nil); err != nil {
		return err
	}
	_, disabled := s.secrets.GetSecret(ctx, name, most.ID.Version(), nil)
	_, badName := s.secrets.SetSecret(ctx, "under_score", azsecrets.SetSecretParameters{Value: p("v")}, nil)
	_, none := s.secrets.GetSecret(ctx, name, "0123456789abcdef0123456789abcdef", nil)
	return first(s.refused(missing, 404, "SecretNotFound"), s.refused(over, 400, "BadParameter"), s.refused(still, 404, "SecretNotFound"), s.refused(longType, 400, "BadParameter"),
		s.refused(disabled, 403, "Forbidden"), s.refused(badName, 400, "BadParameter"), s.refused(none, 404, "SecretNotFound"))
}

// certificateSecrets opens what certificates bring along with OpenSSL, in both
// forms and by outContentType; direct writes are refused.
func certificateSecrets(ctx context.Context, s *suite) error {
	for _, curve := range []azcertificates.CurveName{azcertificates.CurveNameP256, azcertificates.CurveNameP384, azcertificates.CurveNameP521} {
		name := s.name("opened-" + string(curve))
		policy := selfPolicy("CN=opened")
		policy.KeyProperties.Curve = &curve
		cert, err := s.create(ctx, name, policy)
		if err != nil {
			return err
		}
		if err := s.openedByOpenSSL(ctx, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		_, set := s.secrets.SetSecret(ctx, name, azsecrets.SetSecretParameters{Value: p("v")}, nil)
		_, update := s.secrets.UpdateSecretProperties(ctx, name, cert.SID.Version(), azsecrets.UpdateSecretPropertiesParameters{Tags: map[string]*string{}}, nil)
		_, remove := s.secrets.DeleteSecret(ctx, name, nil)
		_, backup := s.secrets.BackupSecret(ctx, name, nil)
		if err := first(s.refused(set, 403, "Forbidden"), s.refused(update, 403, "Forbidden"), s.refused(remove, 403, "Forbidden"), s.refused(backup, 403, "Forbidden")); err != nil {
			return err
		}
	}
	return nil
}

func (s *suite) openedByOpenSSL(ctx context.Context, name string) error {
	folder, err := os.MkdirTemp("", "certwright-go-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	secret, err := s.secrets.GetSecret(ctx, name, "", nil)
	if err != nil {
		return err
	}
	pfx, err := base64.StdEncoding.DecodeString(*secret.Value)
	if err != nil {
		return err
	}
	asPEM, err := s.secrets.GetSecret(ctx, name, "", &azsecrets.GetSecretOptions{OutContentType: p(azsecrets.ContentTypePEM)})
	if err != nil {
		return err
	}
	if err := first(os.WriteFile(filepath.Join(folder, "it.pfx"), pfx, 0o600), os.WriteFile(filepath.Join(folder, "it.pem"), []byte(*asPEM.Value), 0o600)); err != nil {
		return err
	}
	fromPFX, err := openssl(folder, "pkcs12 -in it.pfx -nodes -passin pass: -legacy -nocerts -out key.pem")
	if err != nil {
		return fmt.Errorf("%s: %w", fromPFX, err)
	}
	a, errA := openssl(folder, "pkey -in key.pem -pubout")
	b, errB := openssl(folder, "pkey -in it.pem -pubout")
	c, errC := openssl(folder, "x509 -in it.pem -noout -pubkey")
	return first(errA, errB, errC, s.is("key of the PFX and of the PEM", a, b), s.is("key of the certificate", c, b), s.is("content type", the(asPEM.ContentType), "application/x-pem-file"),
		s.is("managed", the(secret.Managed), true))
}

// openssl runs OpenSSL in a folder and returns what it says.
func openssl(folder, line string) (string, error) {
	cmd := exec.Command("openssl", strings.Fields(line)...)
	cmd.Dir = folder
	out, err := cmd.Output()
	return string(out), err
}
