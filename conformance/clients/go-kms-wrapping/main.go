// Command go-kms-wrapping wraps and unwraps as Boundary, Vault and OpenBao do
// when they unseal with a key of the vault.
package main

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/keyvault/azkeys"
	wrapping "github.com/hashicorp/go-kms-wrapping/v2"
	"github.com/hashicorp/go-kms-wrapping/wrappers/azurekeyvault/v2"
)

func main() {
	// https://NAME.SUFFIX: the wrapper puts it together from vault_name and resource
	name, suffix, _ := strings.Cut(strings.TrimPrefix(os.Getenv("AZURE_KEYVAULT_URL"), "https://"), ".")
	for _, vault := range [][2]string{{name, suffix}, {"myvault", "vault.azure.net"}} {
		if err := check(context.Background(), vault[0], vault[1]); err != nil {
			log.Fatalf("%s.%s: %v", vault[0], vault[1], err)
		}
	}
	fmt.Println("all that was wrapped opened again")
}

func check(ctx context.Context, name, suffix string) error {
	if err := rotate(ctx, name, suffix); err != nil {
		return err
	}
	w := azurekeyvault.NewWrapper()
	settings := map[string]string{"vault_name": name, "resource": suffix, "key_name": "unseal", "tenant_id": "adfs"}
	if _, err := w.SetConfig(ctx, wrapping.WithConfigMap(settings)); err != nil {
		return err
	}
	plain := []byte("over the hills")
	blob, err := w.Encrypt(ctx, plain)
	if err != nil || bytes.Contains(blob.Ciphertext, plain) {
		return fmt.Errorf("encrypt: %w", err)
	}
	if err := rotate(ctx, name, suffix); err != nil {
		return err
	}
	opened, err := w.Decrypt(ctx, blob) // by the version that it was wrapped with
	if err != nil || !bytes.Equal(opened, plain) {
		return fmt.Errorf("decrypt: %q, %w", opened, err)
	}
	blob.KeyInfo.WrappedKey[5] ^= 1
	if _, err := w.Decrypt(ctx, blob); err == nil {
		return fmt.Errorf("a changed key was unwrapped")
	}
	return nil
}

// rotate makes a version of the key.
func rotate(ctx context.Context, name, suffix string) error {
	cred, err := azidentity.NewDefaultAzureCredential(nil)
	if err != nil {
		return err
	}
	keys, err := azkeys.NewClient("https://"+name+"."+suffix, cred, nil)
	if err != nil {
		return err
	}
	_, err = keys.CreateKey(ctx, "unseal", azkeys.CreateKeyParameters{Kty: to.Ptr(azkeys.JSONWebKeyTypeRSA)}, nil)
	return err
}
