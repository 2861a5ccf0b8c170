package main

import (
	"bytes"
	"context"
	"fmt"

	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azcertificates"
)

func issuers(ctx context.Context, s *suite) error {
	name := s.name("managed")
	if _, err := s.certificates.SetIssuer(ctx, name, azcertificates.SetIssuerParameters{Provider: p("Test"),
		Credentials:         &azcertificates.IssuerCredentials{AccountID: p("account"), Password: p("secret")},
		OrganizationDetails: &azcertificates.OrganizationDetails{AdminContacts: []*azcertificates.AdministratorContact{{FirstName: p("Jo"), Email: p("jo@example.org")}}}}, nil); err != nil {
		return err
	}
	got, err := s.certificates.GetIssuer(ctx, name, nil)
	if err != nil {
		return err
	}
	if *got.Credentials.AccountID != "account" || got.Credentials.Password != nil || *got.OrganizationDetails.AdminContacts[0].FirstName != "Jo" {
		return fmt.Errorf("the issuer came back as %v", got.Issuer)
	}
	if _, err := s.certificates.UpdateIssuer(ctx, name, azcertificates.UpdateIssuerParameters{Attributes: &azcertificates.IssuerAttributes{Enabled: p(false)}}, nil); err != nil {
		return err
	}
	found := false
	for pager := s.certificates.NewListIssuerPropertiesPager(nil); pager.More(); {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, i := range page.Value {
			found = found || *i.Provider == "Test"
		}
	}
	if !found {
		return fmt.Errorf("the issuer is not in the list")
	}
	gone, err := s.certificates.DeleteIssuer(ctx, name, nil)
	if err != nil {
		return err
	}
	if *gone.Attributes.Enabled {
		return fmt.Errorf("the issuer was not disabled")
	}
	_, err = s.certificates.GetIssuer(ctx, name, nil)
	return refused(err, 404, "CertificateIssuerNotFound")
}

func contacts(ctx context.Context, s *suite) error {
	list := azcertificates.Contacts{ContactList: []*azcertificates.Contact{{Email: p("a@example.org"), Name: p("A"), Phone: p("1")}, {Email: p("b@example.org")}}}
	if _, err := s.certificates.SetContacts(ctx, list, nil); err != nil {
		return err
	}
	got, err := s.certificates.GetContacts(ctx, nil)
	if err != nil {
		return err
	}
	if len(got.ContactList) != 2 || *got.ContactList[0].Name != "A" || got.ContactList[1].Name != nil {
		return fmt.Errorf("the contacts came back as %v", got.ContactList)
	}
	if _, err := s.certificates.DeleteContacts(ctx, nil); err != nil {
		return err
	}
	_, err = s.certificates.GetContacts(ctx, nil)
	return refused(err, 404, "ContactsNotFound")
}

func backup(ctx context.Context, s *suite) error {
	name := s.name("backup")
	before, err := s.create(ctx, name, selfPolicy("CN=backup"))
	if err != nil {
		return err
	}
	kept, err := s.certificates.BackupCertificate(ctx, name, nil)
	if err != nil {
		return err
	}
	restore := azcertificates.RestoreCertificateParameters{CertificateBackup: kept.Value}
	_, err = s.certificates.RestoreCertificate(ctx, restore, nil)
	if err := refused(err, 409, "Conflict"); err != nil {
		return fmt.Errorf("restore over a live name: %w", err)
	}
	if err := s.remove(ctx, name); err != nil {
		return err
	}
	if _, err := s.certificates.PurgeDeletedCertificate(ctx, name, nil); err != nil {
		return err
	}
	after, err := s.certificates.RestoreCertificate(ctx, restore, nil)
	if err != nil {
		return err
	}
	if *after.ID != *before.ID || !bytes.Equal(after.CER, before.CER) {
		return fmt.Errorf("restored %s, want %s", *after.ID, *before.ID)
	}
	return s.agree(ctx, after.Certificate, "application/x-pkcs12")
}

// remove deletes a certificate and looks at it among the deleted.
func (s *suite) remove(ctx context.Context, name string) error {
	gone, err := s.certificates.DeleteCertificate(ctx, name, nil)
	if err != nil {
		return err
	}
	if gone.RecoveryID == nil || gone.DeletedDate == nil || gone.ScheduledPurgeDate == nil {
		return fmt.Errorf("the deleted certificate lacks its dates")
	}
	if _, err := s.certificates.GetDeletedCertificate(ctx, name, nil); err != nil {
		return err
	}
	_, err = s.certificates.GetCertificate(ctx, name, "", nil)
	if err := refused(err, 404, "CertificateNotFound"); err != nil {
		return err
	}
	_, err = s.secrets.GetSecret(ctx, name, "", nil)
	return refused(err, 404, "SecretNotFound")
}

func recovery(ctx context.Context, s *suite) error {
	name := s.name("recover")
	before, err := s.create(ctx, name, selfPolicy("CN=recover"))
	if err != nil {
		return err
	}
	if err := s.remove(ctx, name); err != nil {
		return err
	}
	_, err = s.certificates.CreateCertificate(ctx, name, azcertificates.CreateCertificateParameters{CertificatePolicy: selfPolicy("CN=x")}, nil)
	if err := refused(err, 409, "Conflict"); err != nil {
		return fmt.Errorf("create over a deleted name: %w", err)
	}
	after, err := s.certificates.RecoverDeletedCertificate(ctx, name, nil)
	if err != nil {
		return err
	}
	if *after.ID != *before.ID {
		return fmt.Errorf("recovered %s, want %s", *after.ID, *before.ID)
	}
	if err := s.agree(ctx, after.Certificate, "application/x-pkcs12"); err != nil {
		return err
	}
	if err := s.remove(ctx, name); err != nil {
		return err
	}
	if _, err := s.certificates.PurgeDeletedCertificate(ctx, name, nil); err != nil {
		return err
	}
	_, err = s.certificates.GetDeletedCertificate(ctx, name, nil)
	return refused(err, 404, "CertificateNotFound")
}

func refusals(ctx context.Context, s *suite) error {
	c, name := s.certificates, s.name("refused")
	_, err := c.GetCertificate(ctx, name, "", nil)
	if err := refused(err, 404, "CertificateNotFound"); err != nil {
		return err
	}
	_, err = c.GetCertificateOperation(ctx, name, nil)
	if err := refused(err, 404, "PendingCertificateNotFound"); err != nil {
		return err
	}
	policy := selfPolicy("CN=refused")
	policy.IssuerParameters.Name = p("Unknown")
	create := azcertificates.CreateCertificateParameters{CertificatePolicy: policy}
	if _, err := c.CreateCertificate(ctx, name, create, nil); err != nil {
		return err
	}
	_, err = c.CreateCertificate(ctx, name, create, nil)
	if err := refused(err, 409, "Forbidden"); err != nil {
		return fmt.Errorf("create while pending: %w", err)
	}
	pfx, _, err := newPFX("")
	if err != nil {
		return err
	}
	_, err = c.ImportCertificate(ctx, name, azcertificates.ImportCertificateParameters{Base64EncodedCertificate: &pfx}, nil)
	if err := refused(err, 409, "Forbidden"); err != nil {
		return fmt.Errorf("import while pending: %w", err)
	}
	bad := selfPolicy("this is no name")
	_, err = c.CreateCertificate(ctx, s.name("bad"), azcertificates.CreateCertificateParameters{CertificatePolicy: bad}, nil)
	if err := refused(err, 400, "BadParameter"); err != nil {
		return err
	}
	_, err = s.secrets.DeleteSecret(ctx, name, nil)
	if err == nil {
		return fmt.Errorf("the secret of a certificate was deleted")
	}
	_, err = c.RecoverDeletedCertificate(ctx, s.name("never"), nil)
	return refused(err, 404, "CertificateNotFound")
}
