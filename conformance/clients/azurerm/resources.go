package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/go-azure-helpers/lang/pointer"
	keyvault "github.com/jackofallops/kermit/sdk/keyvault/7.4/keyvault"
)

// certificate asks for one and waits as the provider does, by looking at the
// operation until it is completed.
func certificate(ctx context.Context, c keyvault.BaseClient, uri string) error {
	if found, err := c.GetCertificate(ctx, uri, "web", ""); err == nil || found.StatusCode != 404 {
		return fmt.Errorf("before it is made: %d, %v", found.StatusCode, err)
	}
	policy := keyvault.CertificatePolicy{
		IssuerParameters: &keyvault.IssuerParameters{Name: pointer.To("Self")},
		KeyProperties: &keyvault.KeyProperties{Exportable: pointer.To(true), KeySize: pointer.To(int32(2048)), KeyType: keyvault.JSONWebKeyTypeRSA,
			ReuseKey: pointer.To(false)},
		SecretProperties: &keyvault.SecretProperties{ContentType: pointer.To("application/x-pkcs12")},
		LifetimeActions: &[]keyvault.LifetimeAction{{
			Action: &keyvault.Action{ActionType: keyvault.CertificatePolicyActionAutoRenew}, Trigger: &keyvault.Trigger{DaysBeforeExpiry: pointer.To(int32(30))},
		}},
		X509CertificateProperties: &keyvault.X509CertificateProperties{
			Subject: pointer.To("CN=web.example.com"), ValidityInMonths: pointer.To(int32(12)), Ekus: &[]string{"1.3.6.1.5.5.7.3.1"},
			KeyUsage:                &[]keyvault.KeyUsageType{keyvault.KeyUsageTypeDigitalSignature, keyvault.KeyUsageTypeKeyEncipherment},
			SubjectAlternativeNames: &keyvault.SubjectAlternativeNames{DNSNames: &[]string{"web.example.com"}},
		},
	}
	if _, err := c.CreateCertificate(ctx, uri, "web", keyvault.CertificateCreateParameters{CertificatePolicy: &policy, Tags: map[string]*string{"team": pointer.To("web")}}); err != nil {
		return err
	}
	for {
		operation, err := c.GetCertificateOperation(ctx, uri, "web")
		if err != nil {
			return err
		}
		if status := pointer.From(operation.Status); strings.EqualFold(status, "completed") {
			break
		} else if !strings.EqualFold(status, "inProgress") {
			return fmt.Errorf("it ended as %s", status)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
	got, err := c.GetCertificate(ctx, uri, "web", "")
	if err != nil {
		return err
	}
	if got.Cer == nil || got.Sid == nil || got.Kid == nil || pointer.From(got.Policy.X509CertificateProperties.Subject) != "CN=web.example.com" {
		return fmt.Errorf("it is %+v", got)
	}
	if _, err := base64.RawURLEncoding.DecodeString(pointer.From(got.X509Thumbprint)); err != nil {
		return fmt.Errorf("its thumbprint: %w", err)
	}
	return nil
}

// key makes one with a rotation policy.
func key(ctx context.Context, c keyvault.BaseClient, uri string) error {
	made, err := c.CreateKey(ctx, uri, "k", keyvault.KeyCreateParameters{
		Kty: keyvault.JSONWebKeyTypeEC, Curve: keyvault.JSONWebKeyCurveNameP256, KeyOps: &[]keyvault.JSONWebKeyOperation{keyvault.JSONWebKeyOperationSign, keyvault.JSONWebKeyOperationVerify},
		KeyAttributes: &keyvault.KeyAttributes{Enabled: pointer.To(true)},
	})
	if err != nil {
		return err
	}
	if made.Key == nil || made.Key.X == nil || made.Key.Crv != keyvault.JSONWebKeyCurveNameP256 {
		return fmt.Errorf("it is %+v", made.Key)
	}
	if _, err := c.UpdateKeyRotationPolicy(ctx, uri, "k", keyvault.KeyRotationPolicy{
		LifetimeActions: &[]keyvault.LifetimeActions{{Trigger: &keyvault.LifetimeActionsTrigger{TimeBeforeExpiry: pointer.To("P30D")}, Action: &keyvault.LifetimeActionsType{Type: keyvault.ActionTypeRotate}}},
		Attributes:      &keyvault.KeyRotationPolicyAttributes{ExpiryTime: pointer.To("P90D")},
	}); err != nil {
		return err
	}
	policy, err := c.GetKeyRotationPolicy(ctx, uri, "k")
	if err == nil && (policy.Attributes == nil || pointer.From(policy.Attributes.ExpiryTime) != "P90D") {
		err = fmt.Errorf("its rotation policy is %+v", policy)
	}
	return err
}

func secret(ctx context.Context, c keyvault.BaseClient, uri string) error {
	if _, err := c.SetSecret(ctx, uri, "s", keyvault.SecretSetParameters{Value: pointer.To("a value"), ContentType: pointer.To("text/plain")}); err != nil {
		return err
	}
	got, err := c.GetSecret(ctx, uri, "s", "")
	if err == nil && pointer.From(got.Value) != "a value" {
		err = errors.New("it has another value")
	}
	return err
}

func issuer(ctx context.Context, c keyvault.BaseClient, uri string) error {
	if _, err := c.SetCertificateIssuer(ctx, uri, "digi", keyvault.CertificateIssuerSetParameters{
		Provider: pointer.To("DigiCert"), Credentials: &keyvault.IssuerCredentials{AccountID: pointer.To("a"), Password: pointer.To("p")},
		OrganizationDetails: &keyvault.OrganizationDetails{ID: pointer.To("o"), AdminDetails: &[]keyvault.AdministratorDetails{{EmailAddress: pointer.To("ann@example.com")}}},
	}); err != nil {
		return err
	}
	got, err := c.GetCertificateIssuer(ctx, uri, "digi")
	if err == nil && (pointer.From(got.Provider) != "DigiCert" || got.OrganizationDetails == nil || pointer.From(got.OrganizationDetails.ID) != "o") {
		err = fmt.Errorf("it is %+v", got)
	}
	return err
}

func contacts(ctx context.Context, c keyvault.BaseClient, uri string) error {
	if found, err := c.GetCertificateContacts(ctx, uri); err == nil || found.StatusCode != 404 {
		return fmt.Errorf("before they are set: %d, %v", found.StatusCode, err)
	}
	list := []keyvault.Contact{{EmailAddress: pointer.To("ops@example.com"), Name: pointer.To("Ops"), Phone: pointer.To("1")}}
	if _, err := c.SetCertificateContacts(ctx, uri, keyvault.Contacts{ContactList: &list}); err != nil {
		return err
	}
	got, err := c.GetCertificateContacts(ctx, uri)
	if err == nil && (got.ContactList == nil || len(*got.ContactList) != 1) {
		err = fmt.Errorf("they are %+v", got)
	}
	return err
}

// destroy deletes and purges as the provider does, and waits for both.
func destroy(ctx context.Context, c keyvault.BaseClient, uri string) error {
	if _, err := c.DeleteCertificate(ctx, uri, "web"); err != nil {
		return err
	}
	if got, err := c.GetCertificate(ctx, uri, "web", ""); err == nil || got.StatusCode != 404 {
		return fmt.Errorf("the certificate after its deletion: %d, %v", got.StatusCode, err)
	}
	if _, err := c.PurgeDeletedCertificate(ctx, uri, "web"); err != nil {
		return err
	}
	if got, err := c.GetDeletedCertificate(ctx, uri, "web"); err == nil || got.StatusCode != 404 {
		return fmt.Errorf("the certificate after its purge: %d, %v", got.StatusCode, err)
	}
	if _, err := c.DeleteCertificateContacts(ctx, uri); err != nil {
		return err
	}
	_, err := c.DeleteCertificateIssuer(ctx, uri, "digi")
	return err
}
