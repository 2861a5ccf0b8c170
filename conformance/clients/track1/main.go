// Command track1 uses the Azure SDK for Go of before 2021, by managed identity as
// autorest finds it in the environment, and by the vault's challenge.
package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"log"
	"net/url"
	"os"
	"strings"

	"github.com/Azure/azure-sdk-for-go/services/keyvault/v7.1/keyvault"
	"github.com/Azure/go-autorest/autorest"
	"github.com/Azure/go-autorest/autorest/adal"
	"github.com/Azure/go-autorest/autorest/azure/auth"
	"github.com/Azure/go-autorest/autorest/to"
)

func main() {
	ctx := context.Background()
	vault := os.Getenv("AZURE_KEYVAULT_URL")
	identity, err := auth.NewAuthorizerFromEnvironmentWithResource("https://vault.azure.net")
	if err != nil {
		log.Fatal(err)
	}
	for name, authorizer := range map[string]autorest.Authorizer{"identity": identity, "challenge": byChallenge()} {
		client := keyvault.New()
		client.Authorizer = authorizer
		if err := check(ctx, client, vault, name); err != nil {
			log.Fatalf("%s: %v", name, err)
		}
	}
	fmt.Println("the old SDK did its work")
}

// byChallenge asks for a token where the vault's challenge says.
func byChallenge() autorest.Authorizer {
	return autorest.NewBearerAuthorizerCallback(nil, func(tenant, resource string) (*autorest.BearerAuthorizer, error) {
		at, err := url.Parse(os.Getenv("AZURE_KEYVAULT_URL"))
		if err != nil {
			return nil, err
		}
		config, err := adal.NewOAuthConfig("https://"+at.Host, tenant)
		if err != nil {
			return nil, err
		}
		token, err := adal.NewServicePrincipalToken(*config, "any", "any", resource)
		if err != nil {
			return nil, err
		}
		return autorest.NewBearerAuthorizer(token), nil
	})
}

func check(ctx context.Context, c keyvault.BaseClient, vault, name string) error {
	for _, step := range []func(context.Context, keyvault.BaseClient, string, string) error{secrets, issued, imported, people, gone} {
		if err := step(ctx, c, vault, name); err != nil {
			return err
		}
	}
	return nil
}

func secrets(ctx context.Context, c keyvault.BaseClient, vault, name string) error {
	for range 2 {
		if _, err := c.SetSecret(ctx, vault, name+"-s", keyvault.SecretSetParameters{Value: to.StringPtr("over the hills")}); err != nil {
			return fmt.Errorf("set a secret: %w", err)
		}
	}
	got, err := c.GetSecret(ctx, vault, name+"-s", "")
	if err != nil || *got.Value != "over the hills" {
		return fmt.Errorf("get a secret: %v, %w", got.Value, err)
	}
	versions := 0
	all, err := c.GetSecretVersionsComplete(ctx, vault, name+"-s", to.Int32Ptr(1)) // one a page
	for ; err == nil && all.NotDone(); err = all.NextWithContext(ctx) {
		versions++
	}
	if err != nil || versions != 2 {
		return fmt.Errorf("list versions: %d, %w", versions, err)
	}
	return nil
}

func issued(ctx context.Context, c keyvault.BaseClient, vault, name string) error {
	policy := keyvault.CertificatePolicy{
		IssuerParameters:          &keyvault.IssuerParameters{Name: to.StringPtr("Self")},
		KeyProperties:             &keyvault.KeyProperties{KeyType: keyvault.RSA, KeySize: to.Int32Ptr(2048), Exportable: to.BoolPtr(true)},
		SecretProperties:          &keyvault.SecretProperties{ContentType: to.StringPtr("application/x-pkcs12")},
		X509CertificateProperties: &keyvault.X509CertificateProperties{Subject: to.StringPtr("CN=a.example"), ValidityInMonths: to.Int32Ptr(12)},
	}
	op, err := c.CreateCertificate(ctx, vault, name+"-c", keyvault.CertificateCreateParameters{CertificatePolicy: &policy})
	for err == nil && *op.Status == "inProgress" {
		op, err = c.GetCertificateOperation(ctx, vault, name+"-c")
	}
	if err != nil || *op.Status != "completed" {
		return fmt.Errorf("create a certificate: %v, %w", op.Status, err)
	}
	got, err := c.GetCertificate(ctx, vault, name+"-c", "")
	if err != nil || got.Cer == nil || *got.Policy.X509CertificateProperties.Subject != "CN=a.example" {
		return fmt.Errorf("get the certificate: %w", err)
	}
	pfx, err := c.GetSecret(ctx, vault, name+"-c", "")
	if err != nil || *pfx.ContentType != "application/x-pkcs12" {
		return fmt.Errorf("get its secret: %w", err)
	}
	changed, err := c.UpdateCertificatePolicy(ctx, vault, name+"-c", keyvault.CertificatePolicy{
		X509CertificateProperties: &keyvault.X509CertificateProperties{Subject: to.StringPtr("CN=b.example"), ValidityInMonths: to.Int32Ptr(6)},
	})
	if err != nil || *changed.X509CertificateProperties.ValidityInMonths != 6 {
		return fmt.Errorf("change the policy: %w", err)
	}
	return nil
}

func imported(ctx context.Context, c keyvault.BaseClient, vault, name string) error {
	pfx, err := c.GetSecret(ctx, vault, name+"-c", "")
	if err != nil {
		return err
	}
	got, err := c.ImportCertificate(ctx, vault, name+"-i", keyvault.CertificateImportParameters{Base64EncodedCertificate: pfx.Value})
	if err != nil || got.Cer == nil {
		return fmt.Errorf("import: %w", err)
	}
	digest := base64.RawURLEncoding.EncodeToString(make([]byte, 32))
	signed, err := c.Sign(ctx, vault, name+"-i", "", keyvault.KeySignParameters{Algorithm: keyvault.RS256, Value: &digest})
	if err != nil {
		return fmt.Errorf("sign: %w", err)
	}
	verified, err := c.Verify(ctx, vault, name+"-i", version(*got.Kid), keyvault.KeyVerifyParameters{Algorithm: keyvault.RS256, Digest: &digest, Signature: signed.Result})
	if err != nil || !*verified.Value {
		return fmt.Errorf("verify: %w", err)
	}
	return nil
}

func people(ctx context.Context, c keyvault.BaseClient, vault, name string) error {
	if _, err := c.SetCertificateContacts(ctx, vault, keyvault.Contacts{ContactList: &[]keyvault.Contact{{EmailAddress: to.StringPtr("a@b.example")}}}); err != nil {
		return fmt.Errorf("set contacts: %w", err)
	}
	if _, err := c.SetCertificateIssuer(ctx, vault, name+"-issuer", keyvault.CertificateIssuerSetParameters{Provider: to.StringPtr("DigiCert"),
		Credentials: &keyvault.IssuerCredentials{AccountID: to.StringPtr("a"), Password: to.StringPtr("p")}}); err != nil {
		return fmt.Errorf("set an issuer: %w", err)
	}
	got, err := c.GetCertificateIssuer(ctx, vault, name+"-issuer")
	if err != nil || *got.Provider != "DigiCert" {
		return fmt.Errorf("get the issuer: %w", err)
	}
	return nil
}

func gone(ctx context.Context, c keyvault.BaseClient, vault, name string) error {
	if _, err := c.DeleteCertificate(ctx, vault, name+"-i"); err != nil {
		return fmt.Errorf("delete: %w", err)
	}
	if _, err := c.RecoverDeletedCertificate(ctx, vault, name+"-i"); err != nil {
		return fmt.Errorf("recover: %w", err)
	}
	if _, err := c.DeleteCertificate(ctx, vault, name+"-i"); err != nil {
		return fmt.Errorf("delete again: %w", err)
	}
	if _, err := c.PurgeDeletedCertificate(ctx, vault, name+"-i"); err != nil {
		return fmt.Errorf("purge: %w", err)
	}
	if got, err := c.GetCertificate(ctx, vault, name+"-i", ""); err == nil || got.StatusCode != 404 {
		return fmt.Errorf("after the purge: %v, %w", got.Status, err)
	}
	return nil
}

// version is the last segment of an identifier.
func version(id string) string { return id[strings.LastIndex(id, "/")+1:] }
