// Command dapr uses Dapr's secret store and its crypto component on a vault,
// which it knows by vaultName alone: certwright run --azure-names.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"log"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azkeys"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"
	contribcrypto "github.com/dapr/components-contrib/crypto"
	azurecrypto "github.com/dapr/components-contrib/crypto/azure/keyvault"
	"github.com/dapr/components-contrib/metadata"
	"github.com/dapr/components-contrib/secretstores"
	azuresecrets "github.com/dapr/components-contrib/secretstores/azure/keyvault"
	"github.com/dapr/kit/logger"
	"github.com/lestrrat-go/jwx/v2/jwk"
)

const vault = "https://myvault.vault.azure.net"

func main() {
	ctx := context.Background()
	for name, step := range map[string]func(context.Context) error{"secrets": readSecrets, "crypto": useKeys} {
		if err := step(ctx); err != nil {
			log.Fatalf("%s: %v", name, err)
		}
	}
	fmt.Println("both components did their work")
}

func settings() metadata.Base {
	return metadata.Base{Name: "vault", Properties: map[string]string{"vaultName": "myvault"}}
}

func readSecrets(ctx context.Context) error {
	cred, err := azidentity.NewDefaultAzureCredential(nil)
	if err != nil {
		return err
	}
	client, err := azsecrets.NewClient(vault, cred, nil)
	if err != nil {
		return err
	}
	for i := range 30 { // more than a page
		if _, err := client.SetSecret(ctx, fmt.Sprintf("s%d", i), azsecrets.SetSecretParameters{Value: to.Ptr(fmt.Sprint(i))}, nil); err != nil {
			return err
		}
	}
	store := azuresecrets.NewAzureKeyvaultSecretStore(logger.NewLogger("dapr"))
	if err := store.Init(ctx, secretstores.Metadata{Base: settings()}); err != nil {
		return err
	}
	defer store.Close()
	one, err := store.GetSecret(ctx, secretstores.GetSecretRequest{Name: "s7"})
	if err != nil || one.Data["s7"] != "7" {
		return fmt.Errorf("one: %v, %w", one, err)
	}
	all, err := store.BulkGetSecret(ctx, secretstores.BulkGetSecretRequest{})
	if err != nil || len(all.Data) != 30 || all.Data["s29"]["s29"] != "29" {
		return fmt.Errorf("all: %v, %w", all, err)
	}
	if _, err := store.GetSecret(ctx, secretstores.GetSecretRequest{Name: "nosuch"}); err == nil {
		return fmt.Errorf("a secret that is not there was found")
	}
	return nil
}

func useKeys(ctx context.Context) error {
	cred, err := azidentity.NewDefaultAzureCredential(nil)
	if err != nil {
		return err
	}
	keys, err := azkeys.NewClient(vault, cred, nil)
	if err != nil {
		return err
	}
	if _, err := keys.CreateKey(ctx, "rsa", azkeys.CreateKeyParameters{Kty: to.Ptr(azkeys.KeyTypeRSA)}, nil); err != nil {
		return err
	}
	if _, err := keys.CreateKey(ctx, "ec", azkeys.CreateKeyParameters{Kty: to.Ptr(azkeys.KeyTypeEC)}, nil); err != nil {
		return err
	}
	c := azurecrypto.NewAzureKeyvaultCrypto(logger.NewLogger("dapr"))
	if err := c.Init(ctx, contribcrypto.Metadata{Base: settings()}); err != nil {
		return err
	}
	defer c.Close()
	if err := encrypt(ctx, c); err != nil {
		return err
	}
	if err := sign(ctx, c, "rsa", "PS256"); err != nil {
		return err
	}
	return sign(ctx, c, "ec", "ES256")
}

func encrypt(ctx context.Context, c contribcrypto.SubtleCrypto) error {
	plain := []byte("over the hills and far away, 32.")
	key, err := c.GetKey(ctx, "rsa")
	if err != nil || key.KeyType().String() != "RSA" {
		return fmt.Errorf("get the key: %v, %w", key, err)
	}
	sealed, _, err := c.Encrypt(ctx, plain, "RSA-OAEP-256", "rsa", nil, nil)
	if err != nil {
		return fmt.Errorf("encrypt: %w", err)
	}
	opened, err := c.Decrypt(ctx, sealed, "RSA-OAEP-256", "rsa", nil, nil, nil)
	if err != nil || !bytes.Equal(opened, plain) {
		return fmt.Errorf("decrypt: %q, %w", opened, err)
	}
	inner, err := jwk.FromRaw(plain)
	if err != nil {
		return err
	}
	wrapped, _, err := c.WrapKey(ctx, inner, "RSA-OAEP-256", "rsa", nil, nil)
	if err != nil {
		return fmt.Errorf("wrap: %w", err)
	}
	unwrapped, err := c.UnwrapKey(ctx, wrapped, "RSA-OAEP-256", "rsa", nil, nil, nil)
	var raw []byte
	if err == nil {
		err = unwrapped.Raw(&raw)
	}
	if err != nil || !bytes.Equal(raw, plain) {
		return fmt.Errorf("unwrap: %q, %w", raw, err)
	}
	return nil
}

func sign(ctx context.Context, c contribcrypto.SubtleCrypto, key, algorithm string) error {
	digest, other := sha256.Sum256([]byte("over the hills")), sha256.Sum256([]byte("far away"))
	signature, err := c.Sign(ctx, digest[:], algorithm, key)
	if err != nil {
		return fmt.Errorf("sign with %s: %w", key, err)
	}
	if ok, err := c.Verify(ctx, digest[:], signature, algorithm, key); err != nil || !ok {
		return fmt.Errorf("verify with %s: %v, %w", key, ok, err)
	}
	if ok, err := c.Verify(ctx, other[:], signature, algorithm, key); err != nil || ok {
		return fmt.Errorf("another message with %s: %v, %w", key, ok, err)
	}
	return nil
}
