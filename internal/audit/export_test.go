package audit

import (
	"bytes"
	"time"
)

// VerifyText is Verify of a text that is the only file.
func VerifyText(text []byte, how Verification) (Report, error) {
	v := newVerifier(how)
	err := v.file("x", bytes.NewReader(text), true)
	v.end([]string{"x"})
	return v.report, err
}

// LineOf is the line of an entry, as the first of a log.
func LineOf(e Entry) []byte {
	line := newChain(nil).frame(nil, e.append(nil, time.Time{}, &maker{server: "a1"}))
	return bytes.TrimSuffix(line, []byte("\n"))
}
