package policy

import "certwright/internal/vault"

// KeyOperations returns what the key behind a certificate may do, by the
// certificate's key usage (docs/contract/keys-and-secrets.md): everything where usage is nil,
// which is a certificate without that extension (recorded of an import; RFC 5280
// section 4.2.1.3 restricts nothing then). EC keys only sign and verify,
// whatever the usage says (docs/contract/keys-and-secrets.md).
func KeyOperations(t vault.KeyType, usage []vault.KeyUsage) []string {
	may := map[string]bool{}
	if usage == nil {
		usage = []vault.KeyUsage{vault.DigitalSignature, vault.DataEncipherment, vault.KeyEncipherment}
	}
	for _, u := range usage {
		switch u {
		case vault.DigitalSignature, vault.NonRepudiation, vault.KeyCertSign, vault.CRLSign:
			may[vault.OpSign], may[vault.OpVerify] = true, true
		case vault.DataEncipherment:
			may[vault.OpEncrypt], may[vault.OpDecrypt] = true, true
		case vault.EncipherOnly:
			may[vault.OpEncrypt] = true
		case vault.DecipherOnly:
			may[vault.OpDecrypt] = true
		case vault.KeyEncipherment:
			may[vault.OpWrapKey], may[vault.OpUnwrapKey] = true, true
		}
	}
	if t.IsEC() {
		may = map[string]bool{vault.OpSign: true, vault.OpVerify: true}
	}
	ops := []string{}
	for _, op := range []string{vault.OpEncrypt, vault.OpDecrypt, vault.OpSign, vault.OpVerify, vault.OpWrapKey, vault.OpUnwrapKey} {
		if may[op] {
			ops = append(ops, op)
		}
	}
	return ops
}
