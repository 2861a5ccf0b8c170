package audit

import "bytes"

// VerifyText is Verify of a text that is the only file.
func VerifyText(text []byte, how Verification) (Report, error) {
	v := newVerifier(how)
	err := v.file("x", bytes.NewReader(text), true)
	v.end([]string{"x"})
	return v.report, err
}
