package script

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// A hole is {name}, {kind} or {name:kind}; JSON's own braces never look like one.
var (
	holeWithin = regexp.MustCompile(`\{([a-z][a-z0-9_]*)(:[a-z0-9]+)?\}`)
	holeText   = regexp.MustCompile(`^` + holeWithin.String())
)

// kinds are what a hole may hold. Each returns what is wrong with a value, or nil.
var kinds = map[string]func(any) error{
	"any":       func(any) error { return nil },
	"absent":    func(any) error { return fmt.Errorf("it should not be there") },
	"string":    isString,
	"number":    isNumber,
	"bool":      isBool,
	"object":    isObject,
	"time":      isTime,
	"hex32":     like(`[0-9a-f]{32}`),
	"uuid":      like(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`),
	"base64":    decodes(base64.StdEncoding),
	"base64url": decodes(base64.RawURLEncoding),
	"x5t":       like(`[A-Za-z0-9_-]{27}`),
	"csr":       isCSR,
	"cer":       isCertificate,
	"words":     like(`\S.*\S`),
}

func like(re string) func(any) error {
	r := regexp.MustCompile(`^(?:` + re + `)$`)
	return func(v any) error {
		if s, ok := v.(string); !ok || !r.MatchString(s) {
			return fmt.Errorf("it should look like %s", re)
		}
		return nil
	}
}

func isString(v any) error {
	if _, ok := v.(string); !ok {
		return fmt.Errorf("it should be a string")
	}
	return nil
}

func isNumber(v any) error {
	if _, ok := v.(json.Number); !ok {
		return fmt.Errorf("it should be a number")
	}
	return nil
}

func isBool(v any) error {
	if _, ok := v.(bool); !ok {
		return fmt.Errorf("it should be true or false")
	}
	return nil
}

func isObject(v any) error {
	if _, ok := v.(map[string]any); !ok {
		return fmt.Errorf("it should be an object")
	}
	return nil
}

func isTime(v any) error {
	n, ok := v.(json.Number)
	if i, err := n.Int64(); !ok || err != nil || i < 1_000_000_000 {
		return fmt.Errorf("it should be a time in whole Unix seconds")
	}
	return nil
}

func decodes(e *base64.Encoding) func(any) error {
	return func(v any) error {
		s, ok := v.(string)
		if !ok || s == "" {
			return fmt.Errorf("it should be base64 text")
		}
		if _, err := e.DecodeString(s); err != nil {
			return fmt.Errorf("it should be base64 text: %w", err)
		}
		return nil
	}
}

func isCSR(v any) error {
	s, _ := v.(string)
	der, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return fmt.Errorf("it should be a request in base64: %w", err)
	}
	r, err := x509.ParseCertificateRequest(der)
	if err != nil {
		if strings.Contains(err.Error(), "elliptic curve") { // P-256K, which Go's library does not know
			return nil
		}
		return fmt.Errorf("it should be a PKCS#10 request: %w", err)
	}
	return r.CheckSignature()
}

func isCertificate(v any) error {
	s, _ := v.(string)
	der, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return fmt.Errorf("it should be a certificate in base64: %w", err)
	}
	if _, err := x509.ParseCertificate(der); err != nil && !strings.Contains(err.Error(), "elliptic curve") {
		return fmt.Errorf("it should be a certificate: %w", err)
	}
	return nil
}
