// Command gocloud seals with a key of the vault through Go CDK's secrets, which
// takes no port and no address: certwright run --azure-names -- gocloud.
package main

import (
	"bytes"
	"context"
	"fmt"
	"log"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azkeys"
	"gocloud.dev/gcerrors"
	"gocloud.dev/secrets"
	_ "gocloud.dev/secrets/azurekeyvault"
)

func main() {
	ctx := context.Background()
	version, err := makeKey(ctx)
	if err == nil {
		for _, key := range []string{"seal", "seal/" + version, "seal?algorithm=RSA-OAEP"} {
			if err = seal(ctx, "azurekeyvault://myvault.vault.azure.net/keys/"+key); err != nil {
				break
			}
		}
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("all that was sealed opened again")
}

func makeKey(ctx context.Context) (version string, err error) {
	cred, err := azidentity.NewDefaultAzureCredential(nil)
	if err != nil {
		return "", err
	}
	keys, err := azkeys.NewClient("https://myvault.vault.azure.net", cred, nil)
	if err != nil {
		return "", err
	}
	made, err := keys.CreateKey(ctx, "seal", azkeys.CreateKeyParameters{Kty: to.Ptr(azkeys.KeyTypeRSA)}, nil)
	if err != nil {
		return "", err
	}
	return made.Key.KID.Version(), nil
}

func seal(ctx context.Context, url string) error {
	keeper, err := secrets.OpenKeeper(ctx, url)
	if err != nil {
		return err
	}
	defer keeper.Close()
	plain := []byte("over the hills")
	sealed, err := keeper.Encrypt(ctx, plain)
	if err != nil || bytes.Contains(sealed, plain) {
		return fmt.Errorf("encrypt with %s: %q, %w", url, sealed, err)
	}
	opened, err := keeper.Decrypt(ctx, sealed)
	if err != nil || !bytes.Equal(opened, plain) {
		return fmt.Errorf("decrypt with %s: %q, %w", url, opened, err)
	}
	sealed[10] ^= 1
	if _, err := keeper.Decrypt(ctx, sealed); gcerrors.Code(err) != gcerrors.InvalidArgument {
		return fmt.Errorf("a changed text with %s: %v, want an invalid argument", url, err)
	}
	gone, err := secrets.OpenKeeper(ctx, "azurekeyvault://myvault.vault.azure.net/keys/nosuch")
	if err != nil {
		return err
	}
	defer gone.Close()
	if _, err := gone.Encrypt(ctx, plain); gcerrors.Code(err) != gcerrors.NotFound {
		return fmt.Errorf("a key that is not there: %v, want not found", err)
	}
	return nil
}
