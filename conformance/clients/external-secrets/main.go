// Command external-secrets uses the Azure Key Vault provider of External Secrets
// as its operator does: by managed identity with the old SDK, which is its
// default, by managed identity with the new one, and by a service principal in a
// cloud of one's own.
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"log"
	"math/big"
	"os"
	"time"

	esv1 "github.com/external-secrets/external-secrets/apis/externalsecrets/v1"
	"github.com/external-secrets/external-secrets/apis/externalsecrets/v1alpha1"
	esmeta "github.com/external-secrets/external-secrets/apis/meta/v1"
	"github.com/external-secrets/external-secrets/pkg/provider/azure/keyvault"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"software.sslmate.com/src/go-pkcs12"
)

func main() {
	vault := os.Getenv("AZURE_KEYVAULT_URL")
	identity, principal, yes := esv1.AzureManagedIdentity, esv1.AzureServicePrincipal, true
	tenant := "adfs"
	for name, store := range map[string]*esv1.AzureKVProvider{
		"old": {AuthType: &identity, VaultURL: &vault},
		"new": {AuthType: &identity, VaultURL: &vault, UseAzureSDK: &yes},
		"custom": {AuthType: &principal, VaultURL: &vault, UseAzureSDK: &yes, TenantID: &tenant, AuthSecretRef: reference(), EnvironmentType: esv1.AzureEnvironmentAzureStackCloud,
			CustomCloudConfig: &esv1.AzureCustomCloudConfig{ActiveDirectoryEndpoint: vault, KeyVaultEndpoint: &vault}},
	} {
		if err := check(context.Background(), name, store); err != nil {
			log.Fatalf("%s: %v", name, err)
		}
	}
	fmt.Println("all three stores did their work")
}

// reference names the Kubernetes secret with the principal's words.
func reference() *esv1.AzureKVAuth {
	return &esv1.AzureKVAuth{
		ClientID:     &esmeta.SecretKeySelector{Name: "principal", Key: "id"},
		ClientSecret: &esmeta.SecretKeySelector{Name: "principal", Key: "secret"},
	}
}

// kube is the cluster, as far as the provider looks at it.
func kube() client.Client {
	return fake.NewClientBuilder().WithObjects(&corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "principal", Namespace: "default"},
		Data:       map[string][]byte{"id": []byte("any"), "secret": []byte("any")},
	}).Build()
}

func check(ctx context.Context, name string, provider *esv1.AzureKVProvider) error {
	store := &esv1.SecretStore{
		TypeMeta:   metav1.TypeMeta{Kind: esv1.SecretStoreKind},
		ObjectMeta: metav1.ObjectMeta{Name: "store", Namespace: "default"},
		Spec:       esv1.SecretStoreSpec{Provider: &esv1.SecretStoreProvider{AzureKV: provider}},
	}
	azure := &keyvault.Azure{}
	if _, err := azure.ValidateStore(store); err != nil {
		return fmt.Errorf("validate the store: %w", err)
	}
	c, err := azure.NewClient(ctx, store, kube(), "default")
	if err != nil {
		return fmt.Errorf("make the client: %w", err)
	}
	defer c.Close(ctx)
	if result, err := c.Validate(); err != nil || result != esv1.ValidationResultReady {
		return fmt.Errorf("validate: %v, %w", result, err)
	}
	secret, err := source()
	if err != nil {
		return err
	}
	if err := push(ctx, c, name, secret); err != nil {
		return err
	}
	if err := read(ctx, c, name); err != nil {
		return err
	}
	return remove(ctx, c, name)
}

// source is the Kubernetes secret that is pushed.
func source() (*corev1.Secret, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "a.example"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	pfx, err := pkcs12.Modern.Encode(key, certificate, nil, "")
	if err != nil {
		return nil, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return &corev1.Secret{Data: map[string][]byte{
		"json": []byte(`{"user":"u","password":"over the hills"}`), "pfx": pfx,
		"key": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}),
	}}, nil
}

// remote are the names in the vault, one of each kind.
func remote(name string) map[string]string {
	return map[string]string{"json": name + "-s", "pfx": "cert/" + name + "-c", "key": "key/" + name + "-k"}
}

func data(from, to string) v1alpha1.PushSecretData {
	return v1alpha1.PushSecretData{Match: v1alpha1.PushSecretMatch{SecretKey: from, RemoteRef: v1alpha1.PushSecretRemoteRef{RemoteKey: to}}}
}

func push(ctx context.Context, c esv1.SecretsClient, name string, secret *corev1.Secret) error {
	for from, to := range remote(name) {
		for range 2 { // the second time nothing has changed
			if err := c.PushSecret(ctx, secret, data(from, to)); err != nil {
				return fmt.Errorf("push %s: %w", to, err)
			}
		}
	}
	return nil
}

func read(ctx context.Context, c esv1.SecretsClient, name string) error {
	for key, want := range map[esv1.ExternalSecretDataRemoteRef]string{
		{Key: name + "-s"}:                       `{"user":"u","password":"over the hills"}`,
		{Key: name + "-s", Property: "password"}: "over the hills",
	} {
		if got, err := c.GetSecret(ctx, key); err != nil || string(got) != want {
			return fmt.Errorf("get %v: %q, %w", key, got, err)
		}
	}
	got, err := c.GetSecret(ctx, esv1.ExternalSecretDataRemoteRef{Key: "cert/" + name + "-c"})
	if err != nil {
		return fmt.Errorf("get the certificate: %w", err)
	}
	if certificate, err := x509.ParseCertificate(got); err != nil || certificate.Subject.CommonName != "a.example" {
		return fmt.Errorf("read the certificate: %w", err)
	}
	if got, err = c.GetSecret(ctx, esv1.ExternalSecretDataRemoteRef{Key: "key/" + name + "-k"}); err != nil || len(got) < 100 {
		return fmt.Errorf("get the key: %q, %w", got, err)
	}
	fields, err := c.GetSecretMap(ctx, esv1.ExternalSecretDataRemoteRef{Key: name + "-s"})
	if err != nil || string(fields["user"]) != "u" || len(fields) != 2 {
		return fmt.Errorf("get the map: %q, %w", fields, err)
	}
	tags, err := c.GetSecretMap(ctx, esv1.ExternalSecretDataRemoteRef{Key: name + "-s", MetadataPolicy: esv1.ExternalSecretMetadataPolicyFetch})
	if err != nil || len(tags) == 0 {
		return fmt.Errorf("get the tags: %q, %w", tags, err)
	}
	all, err := c.GetAllSecrets(ctx, esv1.ExternalSecretFind{Name: &esv1.FindName{RegExp: "^" + name + "-s$"}})
	if err != nil || len(all) != 1 {
		return fmt.Errorf("find: %q, %w", all, err)
	}
	if _, err := c.GetSecret(ctx, esv1.ExternalSecretDataRemoteRef{Key: "nosuch"}); !errors.Is(err, esv1.NoSecretErr) {
		return fmt.Errorf("a secret that is not there: %v", err)
	}
	return nil
}

func remove(ctx context.Context, c esv1.SecretsClient, name string) error {
	for from, to := range remote(name) {
		if err := c.DeleteSecret(ctx, data(from, to)); err != nil {
			return fmt.Errorf("delete %s: %w", to, err)
		}
	}
	if found, err := c.SecretExists(ctx, data("json", name+"-s")); err != nil || found {
		return fmt.Errorf("after it was deleted: %v, %w", found, err)
	}
	return nil
}
