package certs

import (
	"context"
	"errors"

	"certwright/internal/certs/pfx"
	"certwright/internal/keys"
	"certwright/internal/vault"
)

// ReadPFX reads a PKCS#12 file with one private key and its certificates, in
// the order of the file. An empty password may be one of zero characters or
// none at all. Errors are vault.BadPFX (unreadable, or a wrong password),
// vault.TooManyRounds, vault.TooManyImports, vault.OddEncryption, vault.OddKey, vault.NoPrivateKey,
// vault.WrongPublicKey (no certificate is the key's), and ctx's, when the
// caller has gone.
func ReadPFX(ctx context.Context, der []byte, pwd string) (Bundle, error) {
	if len(der) > maxImport {
		return Bundle{}, vault.BadPFX().Because(errTooLong)
	}
	file, err := pfx.NewPassword(ctx, pwd).Read(der)
	switch {
	case errors.Is(err, pfx.ErrSecondKey):
		return Bundle{}, vault.NoPrivateKey().Because(err)
	case err != nil:
		return Bundle{}, encryptedRefusal(err, vault.BadPFX())
	case len(file.Certificates) == 0:
		return Bundle{}, vault.BadPFX().Because(errNoCertificate)
	case file.Key == nil:
		return Bundle{}, vault.NoPrivateKey()
	}
	key, err := keys.Parse(file.Key)
	if err != nil {
		return Bundle{}, encryptedRefusal(err, vault.BadPFX())
	}
	return newBundle(key, file.Certificates)
}

// abandoned reports whether reading ended because the caller has gone.
func abandoned(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// encryptedRefusal is the refusal of a file by its encryption or the kind of its
// key; other is for what else is wrong with it.
func encryptedRefusal(err error, other *vault.Error) error {
	switch {
	case abandoned(err):
		return err
	case errors.Is(err, pfx.ErrBusy):
		return vault.TooManyImports().Because(err)
	case errors.Is(err, pfx.ErrRounds):
		return vault.TooManyRounds(pfx.MaxRounds).Because(err)
	case errors.Is(err, pfx.ErrEncryption):
		return vault.OddEncryption().Because(err)
	case errors.Is(err, keys.ErrKind):
		return vault.OddKey().Because(err)
	}
	return other.Because(err)
}
