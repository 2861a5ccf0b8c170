package main

import (
	"context"
	"crypto/rsa"
	"fmt"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azcertificates"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azkeys"
)

var allOperations = []string{"encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey"}

func operations(k *azkeys.JSONWebKey) []string {
	var ops []string
	for _, op := range k.KeyOps {
		ops = append(ops, string(*op))
	}
	return ops
}

// keyKinds creates every kind of key and looks at what comes.
func keyKinds(ctx context.Context, s *suite) error {
	for _, size := range []int32{2048, 3072, 4096} {
		name := s.name(fmt.Sprintf("rsa-%d", size))
		made, err := s.keys.CreateKey(ctx, name, azkeys.CreateKeyParameters{Kty: p(azkeys.KeyTypeRSA), KeySize: &size}, nil)
		if err != nil {
			return err
		}
		if err := first(s.is("kty", *made.Key.Kty, azkeys.KeyTypeRSA), s.is("bytes of n", len(made.Key.N), int(size)/8),
			s.is("e", made.Key.E, []byte{1, 0, 1}), s.is("key_ops", operations(made.Key), allOperations), s.is("d", len(made.Key.D), 0)); err != nil {
			return err
		}
	}
	for curve, bytes := range map[azkeys.CurveName]int{azkeys.CurveNameP256: 32, azkeys.CurveNameP384: 48, azkeys.CurveNameP521: 66, azkeys.CurveNameP256K: 32} {
		made, err := s.keys.CreateKey(ctx, s.name("ec-"+string(curve)), azkeys.CreateKeyParameters{Kty: p(azkeys.KeyTypeEC), Curve: &curve}, nil)
		if err != nil {
			return err
		}
		if err := first(s.is("crv", *made.Key.Crv, curve), s.is("bytes of x", len(made.Key.X), bytes), s.is("bytes of y", len(made.Key.Y), bytes),
			s.is("key_ops", operations(made.Key), []string{"sign", "verify"}), s.is("d", len(made.Key.D), 0)); err != nil {
			return err
		}
	}
	hsm, err := s.keys.CreateKey(ctx, s.name("hsm"), azkeys.CreateKeyParameters{Kty: p(azkeys.KeyTypeECHSM)}, nil)
	if err != nil {
		return err
	}
	return first(s.is("kty", *hsm.Key.Kty, azkeys.KeyTypeECHSM), s.is("exportable", the(hsm.Attributes.Exportable), false))
}

// keyLife is one key from its creation through versions and updates to its lists.
func keyLife(ctx context.Context, s *suite) error {
	name, from, to := s.name("key"), time.Unix(2208992461, 0).UTC(), time.Unix(2524611661, 0).UTC()
	made, err := s.keys.CreateKey(ctx, name, azkeys.CreateKeyParameters{Kty: p(azkeys.KeyTypeEC), KeyOps: []*azkeys.KeyOperation{p(azkeys.KeyOperationSign)},
		KeyAttributes: &azkeys.KeyAttributes{NotBefore: &from, Expires: &to}, Tags: map[string]*string{"key": p("value")}}, nil)
	if err != nil {
		return err
	}
	if err := first(s.is("key_ops", operations(made.Key), []string{"sign"}), s.is("nbf", made.Attributes.NotBefore.UTC(), from), s.is("exp", made.Attributes.Expires.UTC(), to),
		s.is("tag", the(made.Tags["key"]), "value"), s.is("name", made.Key.KID.Name(), name), s.is("enabled", *made.Attributes.Enabled, true)); err != nil {
		return err
	}
	got, err := s.keys.GetKey(ctx, name, "", nil)
	if err != nil {
		return err
	}
	if err := s.is("key got", got.KeyBundle, made.KeyBundle); err != nil {
		return err
	}
	second, err := s.keys.CreateKey(ctx, name, azkeys.CreateKeyParameters{Kty: p(azkeys.KeyTypeEC), Curve: p(azkeys.CurveNameP384)}, nil)
	if err != nil {
		return err
	}
	old, err := s.keys.GetKey(ctx, name, made.Key.KID.Version(), nil)
	if err != nil {
		return err
	}
	changed, err := s.keys.UpdateKey(ctx, name, made.Key.KID.Version(), azkeys.UpdateKeyParameters{KeyAttributes: &azkeys.KeyAttributes{Enabled: p(false)},
		KeyOps: []*azkeys.KeyOperation{p(azkeys.KeyOperationVerify)}}, nil)
	if err != nil {
		return err
	}
	if err := first(s.is("version got", old.KeyBundle, made.KeyBundle), s.is("enabled", *changed.Attributes.Enabled, false),
		s.is("key_ops", operations(changed.Key), []string{"verify"}), s.is("tag kept", the(changed.Tags["key"]), "value"),
		s.is("exp kept", changed.Attributes.Expires.UTC(), to)); err != nil {
		return err
	}
	return s.keyLists(ctx, name, made.Key.KID.Version(), second.Key.KID.Version())
}

func (s *suite) keyLists(ctx context.Context, name string, versions ...string) error {
	want := map[string]bool{}
	for _, v := range versions {
		want[v] = true
	}
	got := map[string]bool{}
	for pager := s.keys.NewListKeyPropertiesVersionsPager(name, nil); pager.More(); {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, k := range page.Value {
			got[k.KID.Version()] = true
		}
	}
	if err := s.is("versions", got, want); err != nil {
		return err
	}
	for i := range 27 {
		if _, err := s.keys.CreateKey(ctx, s.name(fmt.Sprintf("keys-%d", i)), azkeys.CreateKeyParameters{Kty: p(azkeys.KeyTypeEC)}, nil); err != nil {
			return err
		}
	}
	pages, found := 0, false
	for pager := s.keys.NewListKeyPropertiesPager(nil); pager.More(); pages++ {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, k := range page.Value {
			found = found || k.KID.Name() == name && k.KID.Version() == ""
		}
	}
	return first(s.is("in the list", found, true), s.is("more than one page", pages > 1, true))
}

// keyRotation rotates by hand and keeps a policy.
func keyRotation(ctx context.Context, s *suite) error {
	name := s.name("rotate")
	made, err := s.keys.CreateKey(ctx, name, azkeys.CreateKeyParameters{Kty: p(azkeys.KeyTypeEC), Curve: p(azkeys.CurveNameP521), Tags: map[string]*string{"a": p("b")}}, nil)
	if err != nil {
		return err
	}
	before, err := s.keys.GetKeyRotationPolicy(ctx, name, nil)
	if err != nil {
		return err
	}
	if err := first(s.is("actions of the default policy", len(before.LifetimeActions), 1), s.is("its action", *before.LifetimeActions[0].Action.Type, azkeys.KeyRotationPolicyActionNotify)); err != nil {
		return err
	}
	_, err = s.keys.UpdateKeyRotationPolicy(ctx, name, azkeys.KeyRotationPolicy{Attributes: &azkeys.KeyRotationPolicyAttributes{ExpiryTime: p("P90D")},
		LifetimeActions: []*azkeys.LifetimeAction{{Action: &azkeys.LifetimeActionType{Type: p(azkeys.KeyRotationPolicyActionRotate)}, Trigger: &azkeys.LifetimeActionTrigger{TimeAfterCreate: p("P30D")}}}}, nil)
	if err != nil {
		return err
	}
	after, err := s.keys.GetKeyRotationPolicy(ctx, name, nil)
	if err != nil {
		return err
	}
	if err := first(s.is("expiryTime", the(after.Attributes.ExpiryTime), "P90D"), s.is("actions", len(after.LifetimeActions), 2),
		s.is("trigger", the(after.LifetimeActions[0].Trigger.TimeAfterCreate), "P30D")); err != nil {
		return err
	}
	next, err := s.keys.RotateKey(ctx, name, nil)
	if err != nil {
		return err
	}
	_, gone := s.keys.RotateKey(ctx, s.name("never"), nil)
	return first(s.is("same version", next.Key.KID.Version() == made.Key.KID.Version(), false), s.is("crv", *next.Key.Crv, azkeys.CurveNameP521),
		s.is("tag", the(next.Tags["a"]), "b"), s.is("days to live", next.Attributes.Expires.Sub(*next.Attributes.Created).Hours()/24, 90.0), s.refused(gone, 404, "KeyNotFound"))
}

// keyRecovery deletes, recovers, purges, backs up and restores.
func keyRecovery(ctx context.Context, s *suite) error {
	name := s.name("key-recover")
	made, err := s.keys.CreateKey(ctx, name, azkeys.CreateKeyParameters{Kty: p(azkeys.KeyTypeEC)}, nil)
	if err != nil {
		return err
	}
	kept, err := s.keys.BackupKey(ctx, name, nil)
	if err != nil {
		return err
	}
	_, clash := s.keys.RestoreKey(ctx, azkeys.RestoreKeyParameters{KeyBackup: kept.Value}, nil)
	gone, err := s.keys.DeleteKey(ctx, name, nil)
	if err != nil {
		return err
	}
	_, missing := s.keys.GetKey(ctx, name, "", nil)
	_, taken := s.keys.CreateKey(ctx, name, azkeys.CreateKeyParameters{Kty: p(azkeys.KeyTypeEC)}, nil)
	deleted, err := s.keys.GetDeletedKey(ctx, name, nil)
	if err != nil {
		return err
	}
	if err := first(s.refused(clash, 409, "Conflict"), s.refused(missing, 404, "KeyNotFound"), s.refused(taken, 409, "Conflict"),
		s.is("deleted key", deleted.DeletedKey, gone.DeletedKey), s.is("retention", gone.ScheduledPurgeDate.Sub(*gone.DeletedDate).Hours()/24, 90.0)); err != nil {
		return err
	}
	back, err := s.keys.RecoverDeletedKey(ctx, name, nil)
	if err != nil {
		return err
	}
	if err := s.is("recovered", back.KeyBundle, made.KeyBundle); err != nil {
		return err
	}
	if _, err := s.keys.DeleteKey(ctx, name, nil); err != nil {
		return err
	}
	if _, err := s.keys.PurgeDeletedKey(ctx, name, nil); err != nil {
		return err
	}
	_, purged := s.keys.GetDeletedKey(ctx, name, nil)
	restored, err := s.keys.RestoreKey(ctx, azkeys.RestoreKeyParameters{KeyBackup: kept.Value}, nil)
	if err != nil {
		return err
	}
	_, malformed := s.keys.RestoreKey(ctx, azkeys.RestoreKeyParameters{KeyBackup: []byte("no backup")}, nil)
	return first(s.refused(purged, 404, "KeyNotFound"), s.is("restored", restored.KeyBundle, made.KeyBundle), s.refused(malformed, 400, "Malformed backup blob"))
}

// certificateKeys lets the vault sign with the key behind a certificate and
// verifies with the certificate.
func certificateKeys(ctx context.Context, s *suite) error {
	for _, k := range []azcertificates.KeyProperties{
		{KeyType: p(azcertificates.KeyTypeRSA), KeySize: p(int32(2048))}, {KeyType: p(azcertificates.KeyTypeRSA), KeySize: p(int32(3072))},
		{KeyType: p(azcertificates.KeyTypeRSA), KeySize: p(int32(4096))}, {KeyType: p(azcertificates.KeyTypeEC), Curve: p(azcertificates.CurveNameP256)},
		{KeyType: p(azcertificates.KeyTypeEC), Curve: p(azcertificates.CurveNameP384)}, {KeyType: p(azcertificates.KeyTypeEC), Curve: p(azcertificates.CurveNameP521)},
	} {
		name := s.name(fmt.Sprintf("backed-%s%d", the(k.Curve), the(k.KeySize)))
		policy := selfPolicy("CN=backed")
		policy.KeyProperties = &k
		cert, err := s.create(ctx, name, policy)
		if err != nil {
			return err
		}
		if err := s.certificateSigns(ctx, cert.Certificate); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		_, direct := s.keys.DeleteKey(ctx, name, nil)
		_, write := s.keys.UpdateKey(ctx, name, "", azkeys.UpdateKeyParameters{KeyAttributes: &azkeys.KeyAttributes{Enabled: p(false)}}, nil)
		_, create := s.keys.CreateKey(ctx, name, azkeys.CreateKeyParameters{Kty: p(azkeys.KeyTypeEC)}, nil)
		if err := first(s.refused(direct, 403, "Forbidden"), s.refused(write, 403, "Forbidden"), s.refused(create, 403, "Forbidden")); err != nil {
			return err
		}
	}
	return nil
}

// keyRefusals are the answers to what a key may not do.
func keyRefusals(ctx context.Context, s *suite) error {
	name := s.name("key-refused")
	_, missing := s.keys.GetKey(ctx, name, "", nil)
	made, err := s.keys.CreateKey(ctx, name, azkeys.CreateKeyParameters{Kty: p(azkeys.KeyTypeRSA), KeyOps: []*azkeys.KeyOperation{p(azkeys.KeyOperationSign), p(azkeys.KeyOperationDecrypt)}}, nil)
	if err != nil {
		return err
	}
	digest := make([]byte, 32)
	sign := func(alg azkeys.SignatureAlgorithm, digest []byte) error {
		_, err := s.keys.Sign(ctx, name, "", azkeys.SignParameters{Algorithm: &alg, Value: digest}, nil)
		return err
	}
	_, verify := s.keys.Verify(ctx, name, "", azkeys.VerifyParameters{Algorithm: p(azkeys.SignatureAlgorithmRS256), Digest: digest, Signature: digest}, nil)
	_, tampered := s.keys.Decrypt(ctx, name, "", azkeys.KeyOperationParameters{Algorithm: p(azkeys.EncryptionAlgorithmRSAOAEP), Value: make([]byte, 256)}, nil)
	if err := first(s.refused(missing, 404, "KeyNotFound"), s.refused(verify, 403, "Forbidden"), s.refused(tampered, 400, "BadParameter"),
		s.refused(sign(azkeys.SignatureAlgorithmRS512, digest), 400, "BadParameter"), s.refused(sign(azkeys.SignatureAlgorithmES256, digest), 400, "BadParameter"),
		s.refused(sign("none", digest), 400, "BadParameter")); err != nil {
		return err
	}
	set := func(a azkeys.KeyAttributes) error {
		_, err := s.keys.UpdateKey(ctx, name, made.Key.KID.Version(), azkeys.UpdateKeyParameters{KeyAttributes: &a}, nil)
		return err
	}
	early, late := time.Now().Add(1000*time.Hour), time.Now().Add(-1000*time.Hour)
	if err := first(set(azkeys.KeyAttributes{Enabled: p(false)}), s.refused(sign(azkeys.SignatureAlgorithmRS256, digest), 403, "Forbidden"),
		set(azkeys.KeyAttributes{Enabled: p(true), NotBefore: &early}), s.refused(sign(azkeys.SignatureAlgorithmRS256, digest), 403, "Forbidden"),
		set(azkeys.KeyAttributes{NotBefore: p(late.Add(-time.Hour)), Expires: &late}), s.refused(sign(azkeys.SignatureAlgorithmRS256, digest), 403, "Forbidden")); err != nil {
		return err
	}
	// what was encrypted before may be decrypted for ever
	public, err := publicKey(made.Key)
	if err != nil {
		return err
	}
	if err := s.opens(ctx, name, public.(*rsa.PublicKey), encryptions[1], s.decrypt); err != nil {
		return fmt.Errorf("decrypt after exp: %w", err)
	}
	_, curve := s.keys.CreateKey(ctx, s.name("bad"), azkeys.CreateKeyParameters{Kty: p(azkeys.KeyTypeEC), Curve: p(azkeys.CurveName("P-1"))}, nil)
	_, size := s.keys.CreateKey(ctx, s.name("bad"), azkeys.CreateKeyParameters{Kty: p(azkeys.KeyTypeRSA), KeySize: p(int32(1024))}, nil)
	_, oct := s.keys.CreateKey(ctx, s.name("bad"), azkeys.CreateKeyParameters{Kty: p(azkeys.KeyTypeOct)}, nil)
	_, none := s.keys.GetKey(ctx, s.name("bad"), "", nil)
	_, release := s.keys.Release(ctx, name, "", azkeys.ReleaseParameters{TargetAttestationToken: p("token")}, nil)
	return first(s.refused(curve, 400, "BadParameter"), s.refused(size, 400, "BadParameter"), s.refused(oct, 400, "BadParameter"), s.refused(none, 404, "KeyNotFound"),
		s.refused(release, 403, "Forbidden"))
}
