package vault

// The refusals about what is brought as PKCS #12 or PEM.

// BadPFX answers a PKCS#12 import that cannot be read.
func BadPFX() *Error {
	return Bad("The specified PKCS#12 X.509 certificate content can not be read. Please check if certificate is in valid PKCS#12 format.")
}

// BadPEM answers a PEM import that cannot be read.
func BadPEM() *Error {
	return Bad("The specified PEM X.509 certificate content can not be read. Please check if certificate is in valid PEM format. Accepted formats: PEM content or Base64 encoded PEM content.")
}

// OddPEM answers a PEM import with blocks that are not accepted.
func OddPEM() *Error {
	return Bad("The specified PEM X.509 certificate content is in an unexpected format. Please check if certificate is in valid PEM format.")
}

// NotText answers a PEM import that is no text.
func NotText() *Error {
	return Bad("The specified PEM X.509 certificate content holds zero bytes and is not UTF-16, so it is not text. Please save it as UTF-8.")
}

// TooManyRounds answers an import whose password would cost too much to try.
func TooManyRounds(limit int) *Error {
	return Bad("The specified X.509 certificate content asks for too many rounds of key derivation: up to %d are taken, for a key and up to six certificates. Please export it with fewer rounds.", limit)
}

// TooManyImports answers a file that is costly to read while others are.
func TooManyImports() *Error {
	return &Error{Reason: Throttled, Code: "Throttled", Message: "Too many files with as many rounds of key derivation are being read at once; try again."}
}

// OddEncryption answers an import that is encrypted in a way that is not known here.
func OddEncryption() *Error {
	return Bad("The specified X.509 certificate content is encrypted or authenticated in a way that is not supported. Please export it with AES-256 and SHA-256, or with 3DES and SHA-1.")
}

// OddKey answers an import whose key is of a kind that the API does not have.
func OddKey() *Error {
	return Bad("The private key in the specified X.509 certificate content is of a kind that is not supported. Please use an RSA key, or an EC key on P-256, P-384, P-521 or P-256K (secp256k1) with the curve given by its name.")
}

// NoPrivateKey answers an import without a private key, or with several
// (recorded in Azure/azure-sdk-for-net issue 26492).
func NoPrivateKey() *Error {
	return Bad("No certificate with private key found in the specified X.509 certificate content. Please specify X.509 certificate content with only one certificate containing private key.")
}

// BadX509 answers an import whose certificate will not do.
func BadX509() *Error {
	return Bad("The specified X.509 certificate content is invalid. Error: One or more X.509 properties are invalid.")
}
