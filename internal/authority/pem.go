package authority

import "encoding/pem"

// PEM writes a certificate in DER as text.
func PEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
