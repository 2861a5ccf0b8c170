package main

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
	"time"
)

// policy is the body of a create.
func policy(key, issuer string) string {
	return `{"policy":{"key_props":` + key + `,"secret_props":{"contentType":"application/x-pkcs12"},"x509_props":{"subject":"CN=bench.example.com",` +
		`"sans":{"dns_names":["bench.example.com"]},"validity_months":12},"issuer":{"name":"` + issuer + `"}}}`
}

var (
	selfEC  = policy(`{"kty":"EC","crv":"P-256"}`, "Self")
	ownEC   = policy(`{"kty":"EC","crv":"P-256"}`, "own")
	selfRSA = policy(`{"kty":"RSA","key_size":2048}`, "Self")
)

// create has a certificate made and looks once, which completes it.
func (c *caller) create(name, body string) error {
	if err := c.send("POST", "/certificates/"+name+"/create", body, http.StatusAccepted); err != nil {
		return err
	}
	err := c.send("GET", "/certificates/"+name+"/pending", "", http.StatusOK)
	if err == nil && !bytes.Contains(c.answer.Bytes(), []byte(`"status":"completed"`)) {
		err = fmt.Errorf("%s is not completed: %s", name, c.answer.Bytes())
	}
	return err
}

// made numbers the certificates that are made.
var made atomic.Int64

func creating(body string) func(*caller) error {
	return func(c *caller) error { return c.create("m-"+strconv.FormatInt(made.Add(1), 10), body) }
}

// creates measures certificates as they are made: beside raw cryptography by
// CPU, and beside OpenBao by rate.
func creates(s *stand) ([]row, error) {
	v, err := s.server(busy)
	if err != nil {
		return nil, err
	}
	var all []*contender
	add := func(p place, name string, callers int, do func(*caller) error) {
		c, failed := p.contender(name, callers, do)
		err = errors.Join(err, failed)
		all = append(all, c)
	}
	add(place{pid: os.Getpid()}, "raw cryptography", 1, rawCreate)
	add(v.place, "Self", 16, creating(selfEC))
	b, noBao := s.openBao()
	if noBao != nil && !errors.Is(noBao, errNoBao) {
		return nil, noBao
	}
	for _, callers := range []int{8, 32} {
		add(v.place, "Self", callers, creating(selfEC))
		add(v.place, "own CA", callers, creating(ownEC))
		if b != nil {
			add(*b, "OpenBao", callers, issue)
		}
	}
	if err != nil {
		return nil, err
	}
	got, err := s.inTurn(all...)
	if err != nil {
		return nil, err
	}
	raw, self := got[0], got[1]
	rows := []row{atMost(4, ratio(self.cpu, raw.cpu), "P-256 Self, create and first GET, 16 callers: server CPU beside raw cryptography", "<= 4x",
		"%.1fx: %.2f ms beside %.2f ms", ratio(self.cpu, raw.cpu), median(self.cpu), median(raw.cpu))}
	if b == nil {
		for _, what := range []string{"Self", "the own CA"} {
			rows = append(rows, row{What: "P-256 by " + what + " beside OpenBao, certificates a second", Absent: errNoBao.Error()})
		}
		return rows, nil
	}
	return append(rows, beside("Self", got[2], got[4], 8, 2), beside("Self", got[5], got[7], 32, 1.5),
		beside("the own CA", got[3], got[4], 8, 1.3), beside("the own CA", got[6], got[7], 32, 1.1)), nil
}

// beside is a row of certificates a second.
func beside(who string, ours, bao outcome, callers int, bar float64) row {
	return atLeast(bar, ratio(ours.rates, bao.rates), fmt.Sprintf("P-256 by %s beside OpenBao on raft, certificates a second, %d callers", who, callers), fmt.Sprintf(">= %gx", bar),
		"%.2fx: %.0f/s, %.2f ms of CPU each, beside %.0f/s, %.2f ms", ratio(ours.rates, bao.rates), median(ours.rates), median(ours.cpu), median(bao.rates), median(bao.cpu))
}

// sealing is what raw cryptography seals with.
var sealing = func() cipher.AEAD {
	block, err := aes.NewCipher(make([]byte, 32)) // measured, not kept
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return aead
}()

// rawCreate is the least that any server does: a key, a certificate by it, its
// PKCS#8 form, sealed.
func rawCreate(*caller) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	now := time.Now()
	t := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "bench.example.com"}, DNSNames: []string{"bench.example.com"}, NotBefore: now, NotAfter: now.Add(time.Hour)}
	if _, err := x509.CreateCertificate(rand.Reader, t, t, &key.PublicKey, key); err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	nonce := make([]byte, sealing.NonceSize())
	rand.Read(nonce)
	sealing.Seal(nil, nonce, der, nil)
	return nil
}
