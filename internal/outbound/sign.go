package outbound

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The headers of a signed call; docs/notices.md and docs/issuers/solvers.md say
// how to check them.
const (
	TimestampHeader = "X-Certwright-Timestamp"
	SignatureHeader = "X-Certwright-Signature"
)

// Sign adds to the headers of a call what proves that it is ours: the time, and
// an HMAC-SHA256 over the time, what else the signature is about, and the body,
// each followed by a dot but the body. Without a secret file it adds nothing.
func Sign(header http.Header, secretFile string, at time.Time, body []byte, about ...string) error {
	if secretFile == "" {
		return nil
	}
	secret, err := ReadSecret("secret_file", secretFile)
	if err != nil {
		return err
	}
	stamp := strconv.FormatInt(at.Unix(), 10)
	header.Set(TimestampHeader, stamp)
	header.Set(SignatureHeader, signature(secret.Reveal(), append([]string{stamp}, about...), body))
	return nil
}

func signature(secret string, about []string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(strings.Join(about, ".") + "."))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}
