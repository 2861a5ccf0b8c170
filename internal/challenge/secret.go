package challenge

import (
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"github.com/miekg/dns"

	"certwright/internal/outbound"
	"certwright/internal/vault"
)

// A tsigKey signs updates (RFC 8945). Names are canonical, with a trailing dot.
type tsigKey struct {
	name, algorithm string
	secret          vault.Hidden // base64
}

// readKey reads the key of the settings; nil if they have none.
func (s Settings) readKey() (*tsigKey, error) {
	if s.TSIGSecretFile == "" {
		return nil, nil
	}
	text, err := outbound.ReadFile("tsig_secret_file", s.TSIGSecretFile)
	if err != nil {
		return nil, err
	}
	k, err := parseKey(string(text))
	if err != nil {
		return nil, fmt.Errorf("tsig_secret_file: %s %w", s.TSIGSecretFile, err)
	}
	if s.TSIGName != "" {
		k.name = dns.CanonicalName(s.TSIGName)
	}
	if s.TSIGAlgorithm != "" {
		k.algorithm = dns.CanonicalName(s.TSIGAlgorithm)
	}
	if k.name == "" {
		return nil, errors.New("tsig_name: is missing, and the secret's file does not tell it")
	}
	return k, nil
}

var (
	keyStatement = regexp.MustCompile(`^key\s+"?([A-Za-z0-9._-]+)"?\s*\{([^}]*)\}\s*;?$`)
	keyAlgorithm = regexp.MustCompile(`(?:^|[\s;])algorithm\s+"?([A-Za-z0-9-]+)\.?"?\s*;`)
	keySecret    = regexp.MustCompile(`(?:^|[\s;])secret\s+"?([A-Za-z0-9+/=]+)"?\s*;`)
	comment      = regexp.MustCompile(`(?m)^\s*(#|//).*$`)
)

// parseKey reads a secret in base64, or BIND's key statement:
//
//	key "certwright" { algorithm hmac-sha256; secret "c2VjcmV0"; };
//
// Its errors do not repeat the text.
func parseKey(text string) (*tsigKey, error) {
	text = strings.TrimFunc(comment.ReplaceAllString(text, ""), unicode.IsSpace)
	k := &tsigKey{algorithm: dns.HmacSHA256, secret: vault.Hidden(text)}
	if strings.Contains(text, "{") {
		whole := keyStatement.FindStringSubmatch(text)
		if whole == nil {
			return nil, errors.New("holds no single key statement, as tsig-keygen writes it")
		}
		secret := keySecret.FindStringSubmatch(whole[2])
		if secret == nil {
			return nil, errors.New("has no secret in its key statement")
		}
		k.name, k.secret = dns.CanonicalName(whole[1]), vault.Hidden(secret[1])
		if a := keyAlgorithm.FindStringSubmatch(whole[2]); a != nil {
			k.algorithm = dns.CanonicalName(a[1])
		}
		if !isAlgorithm(k.algorithm) {
			return nil, fmt.Errorf("has an unknown algorithm; use one of %s", strings.Join(algorithms(), ", "))
		}
		if !isHost(strings.TrimSuffix(k.name, ".")) {
			return nil, errors.New("has a key with an invalid name")
		}
	}
	if raw, err := base64.StdEncoding.DecodeString(k.secret.Reveal()); err != nil || len(raw) == 0 {
		return nil, errors.New("holds no secret in base64")
	}
	return k, nil
}
