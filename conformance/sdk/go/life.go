package main

import (
	"bytes"
	"context"
	"crypto/sha1"
	"fmt"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azcertificates"
)

// selfPolicy asks for a certificate that the vault signs itself.
func selfPolicy(subject string) *azcertificates.CertificatePolicy {
	return &azcertificates.CertificatePolicy{
		IssuerParameters: &azcertificates.IssuerParameters{Name: p("Self")},
		KeyProperties:    &azcertificates.KeyProperties{KeyType: p(azcertificates.KeyTypeEC), Exportable: p(true)},
		X509CertificateProperties: &azcertificates.X509CertificateProperties{Subject: &subject,
			SubjectAlternativeNames: &azcertificates.SubjectAlternativeNames{DNSNames: []*string{p("a.example"), p("b.example")}}},
	}
}

// create orders a certificate and waits for the end of the order.
func (s *suite) create(ctx context.Context, name string, policy *azcertificates.CertificatePolicy) (azcertificates.GetCertificateResponse, error) {
	var none azcertificates.GetCertificateResponse
	op, err := s.certificates.CreateCertificate(ctx, name, azcertificates.CreateCertificateParameters{CertificatePolicy: policy}, nil)
	if err != nil {
		return none, err
	}
	if *op.Status != "inProgress" || len(op.CSR) == 0 || op.RequestID == nil {
		return none, fmt.Errorf("create answered status %s, csr of %d bytes", *op.Status, len(op.CSR))
	}
	end, err := s.await(ctx, name)
	if err != nil {
		return none, err
	}
	if *end.Status != "completed" || end.Target == nil {
		return none, fmt.Errorf("the order ended %s", *end.Status)
	}
	return s.certificates.GetCertificate(ctx, name, "", nil)
}

// await polls the pending operation until it is no longer in progress.
func (s *suite) await(ctx context.Context, name string) (azcertificates.GetCertificateOperationResponse, error) {
	for {
		op, err := s.certificates.GetCertificateOperation(ctx, name, nil)
		if err != nil || *op.Status != "inProgress" {
			return op, err
		}
		select {
		case <-ctx.Done():
			return op, ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func life(ctx context.Context, s *suite) error {
	name := s.name("life")
	cert, err := s.create(ctx, name, &azcertificates.CertificatePolicy{
		IssuerParameters:          &azcertificates.IssuerParameters{Name: p("Self")},
		X509CertificateProperties: &azcertificates.X509CertificateProperties{Subject: p("CN=life")},
	})
	if err != nil {
		return err
	}
	if err := s.agree(ctx, cert.Certificate, "application/x-pkcs12"); err != nil {
		return err
	}
	if sum := sha1.Sum(cert.CER); !bytes.Equal(cert.X509Thumbprint, sum[:]) {
		return fmt.Errorf("x5t is not the certificate's SHA-1")
	}
	version, err := s.certificates.GetCertificate(ctx, name, cert.ID.Version(), nil)
	if err != nil {
		return err
	}
	if !bytes.Equal(version.CER, cert.CER) || version.ID.Name() != name || version.Policy != nil {
		return fmt.Errorf("the version asked for is %s with policy %v", *version.ID, version.Policy)
	}
	if err := s.policy(ctx, name); err != nil {
		return err
	}
	second, err := s.create(ctx, name, nil)
	if err != nil {
		return fmt.Errorf("second version: %w", err)
	}
	if second.ID.Version() == cert.ID.Version() || bytes.Equal(second.CER, cert.CER) {
		return fmt.Errorf("the second version is the first")
	}
	return nil
}

// policy reads and changes the policy: what is not sent stays.
func (s *suite) policy(ctx context.Context, name string) error {
	before, err := s.certificates.GetCertificatePolicy(ctx, name, nil)
	if err != nil {
		return err
	}
	if *before.KeyProperties.KeySize != 2048 || *before.X509CertificateProperties.ValidityInMonths != 12 || len(before.LifetimeActions) != 1 {
		return fmt.Errorf("the policy lacks its defaults: %d bits", *before.KeyProperties.KeySize)
	}
	after, err := s.certificates.UpdateCertificatePolicy(ctx, name, azcertificates.CertificatePolicy{
		X509CertificateProperties: &azcertificates.X509CertificateProperties{ValidityInMonths: p(int32(6))},
		KeyProperties:             &azcertificates.KeyProperties{KeyType: p(azcertificates.KeyTypeEC), Curve: p(azcertificates.CurveNameP384)},
	}, nil)
	if err != nil {
		return err
	}
	if *after.X509CertificateProperties.ValidityInMonths != 6 || *after.X509CertificateProperties.Subject != "CN=life" ||
		*after.KeyProperties.Curve != azcertificates.CurveNameP384 || *after.KeyProperties.KeySize != 384 {
		return fmt.Errorf("the changed policy is not as asked: %v", after.CertificatePolicy)
	}
	return nil
}

func update(ctx context.Context, s *suite) error {
	name := s.name("update")
	cert, err := s.create(ctx, name, selfPolicy("CN=update"))
	if err != nil {
		return err
	}
	got, err := s.certificates.UpdateCertificate(ctx, name, "", azcertificates.UpdateCertificateParameters{Tags: map[string]*string{"team": p("web")}}, nil)
	if err != nil {
		return err
	}
	if len(got.Tags) != 1 || *got.Tags["team"] != "web" {
		return fmt.Errorf("tags are %v", got.Tags)
	}
	off := azcertificates.UpdateCertificateParameters{CertificateAttributes: &azcertificates.CertificateAttributes{Enabled: p(false)}}
	if _, err = s.certificates.UpdateCertificate(ctx, name, cert.ID.Version(), off, nil); err != nil {
		return err
	}
	_, err = s.secrets.GetSecret(ctx, name, "", nil)
	if err := refused(err, 403, "Forbidden"); err != nil {
		return fmt.Errorf("secret of a disabled certificate: %w", err)
	}
	on := azcertificates.UpdateCertificateParameters{CertificateAttributes: &azcertificates.CertificateAttributes{Enabled: p(true)}}
	if _, err = s.certificates.UpdateCertificate(ctx, name, "", on, nil); err != nil {
		return err
	}
	back, err := s.certificates.GetCertificate(ctx, name, "", nil)
	if err != nil {
		return err
	}
	if !*back.Attributes.Enabled || *back.Tags["team"] != "web" {
		return fmt.Errorf("enabled again: %v, tags %v", *back.Attributes.Enabled, back.Tags)
	}
	return s.agree(ctx, back.Certificate, "application/x-pkcs12")
}

func lists(ctx context.Context, s *suite) error {
	const n = 27 // more than one page of 25
	pfx, _, err := newPFX("")
	if err != nil {
		return err
	}
	want := map[string]bool{}
	for i := range n {
		name := s.name(fmt.Sprintf("list-%02d", i))
		if _, err := s.certificates.ImportCertificate(ctx, name, azcertificates.ImportCertificateParameters{Base64EncodedCertificate: &pfx}, nil); err != nil {
			return err
		}
		want[name] = true
	}
	pages := 0
	for pager := s.certificates.NewListCertificatePropertiesPager(nil); pager.More(); pages++ {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, c := range page.Value {
			if c.ID.Version() != "" {
				return fmt.Errorf("an item of the list has a version: %s", *c.ID)
			}
			delete(want, c.ID.Name())
		}
	}
	if pages < 2 || len(want) > 0 {
		return fmt.Errorf("%d pages, %d certificates were not in them", pages, len(want))
	}
	return s.listVersions(ctx, s.name("list-00"), pfx)
}

func (s *suite) listVersions(ctx context.Context, name, pfx string) error {
	if _, err := s.certificates.ImportCertificate(ctx, name, azcertificates.ImportCertificateParameters{Base64EncodedCertificate: &pfx}, nil); err != nil {
		return err
	}
	versions := map[string]bool{}
	for pager := s.certificates.NewListCertificatePropertiesVersionsPager(name, nil); pager.More(); {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, c := range page.Value {
			versions[c.ID.Version()] = true
		}
	}
	if len(versions) != 2 {
		return fmt.Errorf("versions of %s: %v, want 2", name, versions)
	}
	return nil
}
