package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azcertificates"
)

// refused tells whether err is the refusal with that status and code.
func refused(err error, status int, code string) error {
	var r *azcore.ResponseError
	if !errors.As(err, &r) {
		return fmt.Errorf("got %v, want %d %s", err, status, code)
	}
	if r.StatusCode != status || r.ErrorCode != code {
		return fmt.Errorf("got %d %s, want %d %s", r.StatusCode, r.ErrorCode, status, code)
	}
	return nil
}

// issuer registers an issuer that behaves as the script says.
func (s *suite) issuer(ctx context.Context, name, script string) error {
	_, err := s.certificates.SetIssuer(ctx, name, azcertificates.SetIssuerParameters{Provider: p("DigiCert"),
		Credentials: &azcertificates.IssuerCredentials{AccountID: &script, Password: p("secret")}}, nil)
	return err
}

// order starts a request at the issuer; the first look at it must find that status.
func (s *suite) order(ctx context.Context, name, issuer, want string) error {
	policy := selfPolicy("CN=" + name)
	policy.IssuerParameters.Name = &issuer
	if _, err := s.certificates.CreateCertificate(ctx, name, azcertificates.CreateCertificateParameters{CertificatePolicy: policy}, nil); err != nil {
		return err
	}
	op, err := s.certificates.GetCertificateOperation(ctx, name, nil)
	if err != nil {
		return err
	}
	if *op.Status != want {
		return fmt.Errorf("the order is %s, want %s", *op.Status, want)
	}
	return nil
}

func orders(ctx context.Context, s *suite) error {
	issuer, name := s.name("issuer"), s.name("order")
	if err := s.issuer(ctx, issuer, "hold"); err != nil {
		return err
	}
	if err := s.order(ctx, name, issuer, "inProgress"); err != nil {
		return err
	}
	op, err := s.certificates.UpdateCertificateOperation(ctx, name, azcertificates.UpdateCertificateOperationParameter{CancellationRequested: p(true)}, nil)
	if err != nil {
		return err
	}
	if *op.Status != "inProgress" || !*op.CancellationRequested {
		return fmt.Errorf("right after the cancel: %s, %v", *op.Status, *op.CancellationRequested)
	}
	end, err := s.await(ctx, name)
	if err != nil {
		return err
	}
	if *end.Status != "cancelled" {
		return fmt.Errorf("after the cancel the order ended %s", *end.Status)
	}
	if err := s.rejected(ctx, issuer, name); err != nil {
		return err
	}
	if err := s.issuer(ctx, issuer, ""); err != nil {
		return err
	}
	policy := selfPolicy("CN=" + name)
	policy.IssuerParameters.Name = &issuer
	cert, err := s.create(ctx, name, policy)
	if err != nil {
		return fmt.Errorf("completed: %w", err)
	}
	return s.agree(ctx, cert.Certificate, "application/x-pkcs12")
}

func (s *suite) rejected(ctx context.Context, issuer, name string) error {
	if err := s.issuer(ctx, issuer, "outcome=reject; message=not today"); err != nil {
		return err
	}
	if err := s.order(ctx, name, issuer, "failed"); err != nil {
		return err
	}
	op, err := s.certificates.GetCertificateOperation(ctx, name, nil)
	if err != nil {
		return err
	}
	if op.Error == nil || op.Error.Code != "Request rejected" {
		return fmt.Errorf("the error of the failed order is %v", op.Error)
	}
	gone, err := s.certificates.DeleteCertificateOperation(ctx, name, nil)
	if err != nil {
		return err
	}
	if *gone.Status != "failed" {
		return fmt.Errorf("the deleted order was %s", *gone.Status)
	}
	_, err = s.certificates.GetCertificateOperation(ctx, name, nil)
	return refused(err, 404, "PendingCertificateNotFound")
}

func merge(ctx context.Context, s *suite) error {
	name := s.name("merge")
	policy := selfPolicy("CN=merge")
	policy.IssuerParameters.Name = p("Unknown")
	op, err := s.certificates.CreateCertificate(ctx, name, azcertificates.CreateCertificateParameters{CertificatePolicy: policy}, nil)
	if err != nil {
		return err
	}
	chain, err := signed(op.CSR)
	if err != nil {
		return err
	}
	got, err := s.certificates.MergeCertificate(ctx, name, azcertificates.MergeCertificateParameters{X509Certificates: chain, Tags: map[string]*string{"by": p("hand")}}, nil)
	if err != nil {
		return err
	}
	if !bytes.Equal(got.CER, chain[0]) || *got.Tags["by"] != "hand" {
		return fmt.Errorf("the merged certificate is another one")
	}
	end, err := s.certificates.GetCertificateOperation(ctx, name, nil)
	if err != nil {
		return err
	}
	if *end.Status != "completed" {
		return fmt.Errorf("after the merge the order is %s", *end.Status)
	}
	return s.agree(ctx, got.Certificate, "application/x-pkcs12")
}

func imports(ctx context.Context, s *suite) error {
	pfx, der, err := newPFX("pass word")
	if err != nil {
		return err
	}
	got, err := s.certificates.ImportCertificate(ctx, s.name("pfx"), azcertificates.ImportCertificateParameters{Base64EncodedCertificate: &pfx, Password: p("pass word")}, nil)
	if err != nil {
		return err
	}
	if !bytes.Equal(got.CER, der) {
		return fmt.Errorf("the imported PFX is another certificate")
	}
	if err := s.agree(ctx, got.Certificate, "application/x-pkcs12"); err != nil {
		return err
	}
	text, der, err := newPEM()
	if err != nil {
		return err
	}
	policy := &azcertificates.CertificatePolicy{SecretProperties: &azcertificates.SecretProperties{ContentType: p("application/x-pem-file")}}
	got, err = s.certificates.ImportCertificate(ctx, s.name("pem"), azcertificates.ImportCertificateParameters{Base64EncodedCertificate: &text, CertificatePolicy: policy}, nil)
	if err != nil {
		return err
	}
	if !bytes.Equal(got.CER, der) {
		return fmt.Errorf("the imported PEM is another certificate")
	}
	return s.agree(ctx, got.Certificate, "application/x-pem-file")
}
