package vault

// The operations of a key, spelled as in key_ops.
const (
	OpEncrypt   = "encrypt"
	OpDecrypt   = "decrypt"
	OpSign      = "sign"
	OpVerify    = "verify"
	OpWrapKey   = "wrapKey"
	OpUnwrapKey = "unwrapKey"
)

// KeyOperations returns what the key behind a certificate may do, by the
// certificate's key usage (docs/contract/keys-and-secrets.md): everything where usage is nil,
// which is a certificate without that extension (recorded of an import; RFC 5280
// section 4.2.1.3 restricts nothing then). EC keys only sign and verify,
// whatever the usage says (docs/contract/keys-and-secrets.md).
func KeyOperations(t KeyType, usage []KeyUsage) []string {
	may := map[string]bool{}
	if usage == nil {
		usage = []KeyUsage{DigitalSignature, DataEncipherment, KeyEncipherment}
	}
	for _, u := range usage {
		switch u {
		case DigitalSignature, NonRepudiation, KeyCertSign, CRLSign:
			may[OpSign], may[OpVerify] = true, true
		case DataEncipherment:
			may[OpEncrypt], may[OpDecrypt] = true, true
		case EncipherOnly:
			may[OpEncrypt] = true
		case DecipherOnly:
			may[OpDecrypt] = true
		case KeyEncipherment:
			may[OpWrapKey], may[OpUnwrapKey] = true, true
		}
	}
	if t.IsEC() {
		may = map[string]bool{OpSign: true, OpVerify: true}
	}
	ops := []string{}
	for _, op := range []string{OpEncrypt, OpDecrypt, OpSign, OpVerify, OpWrapKey, OpUnwrapKey} {
		if may[op] {
			ops = append(ops, op)
		}
	}
	return ops
}
