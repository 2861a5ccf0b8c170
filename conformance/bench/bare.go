package main

import (
	"bufio"
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"maps"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// bareCommand makes this program the bare server.
const bareCommand = "bare-server"

// A bareReady is what the bare server says when it is ready.
type bareReady struct {
	URL string
	CA  []byte
}

// bareServer starts net/http over TLS in a process of its own: GET /N answers N
// bytes, with headers that were PUT before if /headers follows, and POST signs. That
// is the limit of any server in Go.
func (s *stand) bareServer() (*place, error) {
	if s.bare != nil {
		return s.bare, nil
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := exec.Command(self, bareCommand)
	c.Stderr = s.talk
	in, err := c.StdinPipe() // its end ends the server
	if err != nil {
		return nil, err
	}
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	s.ends = append(s.ends, func() { in.Close(); _ = c.Wait() })
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		return nil, err
	}
	var ready bareReady
	if err := json.Unmarshal(line, &ready); err != nil {
		return nil, err
	}
	s.bare = &place{pid: c.Process.Pid, url: ready.URL, ca: ready.CA, header: headersOf("x")}
	return s.bare, nil
}

// serveBare is that server; it ends with its input.
func serveBare(in io.Reader, out io.Writer) error {
	cert, key, err := ownCertificate()
	if err != nil {
		return err
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return err
	}
	door, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s := &http.Server{Handler: http.HandlerFunc(answerBare), TLSConfig: &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"http/1.1"}}}
	if err := json.NewEncoder(out).Encode(bareReady{"https://" + door.Addr().String(), cert}); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- s.ServeTLS(door, "", "") }()
	go func() { _, err := io.Copy(io.Discard, in); ended <- err }()
	return <-ended
}

var filler = bytes.Repeat([]byte("x"), 64<<10)

func answerBare(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodPost:
		signBare(w, r)
		return
	case http.MethodPut:
		learnHeaders(w, r)
		return
	}
	size, with := strings.CutSuffix(r.URL.Path[1:], "/headers")
	n, err := strconv.Atoi(size)
	if err != nil || n < 0 || n > len(filler) {
		http.NotFound(w, r)
		return
	}
	if to := w.Header(); with {
		maps.Copy(to, *headers.Load())
	} else {
		to.Set("Content-Type", "application/json; charset=utf-8")
	}
	w.Header().Set("Content-Length", strconv.Itoa(n))
	_, _ = w.Write(filler[:n])
}

// headers are what GET /N/headers answers with.
var headers atomic.Pointer[http.Header]

// learnHeaders takes them from the body.
func learnHeaders(w http.ResponseWriter, r *http.Request) {
	var h http.Header
	if err := json.NewDecoder(r.Body).Decode(&h); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	headers.Store(&h)
}

// signer makes the bare server's one RSA key when it is needed first.
var signer = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// signBare reads a digest and signs it.
func signBare(w http.ResponseWriter, r *http.Request) {
	var asked struct{ Value string }
	key, err := signer()
	if err == nil {
		err = json.NewDecoder(r.Body).Decode(&asked)
	}
	digest, failed := base64.RawURLEncoding.DecodeString(asked.Value)
	if err = errors.Join(err, failed); err == nil {
		digest, err = rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(map[string]string{"kid": "bare", "value": base64.RawURLEncoding.EncodeToString(digest)}) // the client is gone
}

// ownCertificate makes a self-signed one for 127.0.0.1, in PEM.
func ownCertificate() (cert, key []byte, err error) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	t := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "bench"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(24 * time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, t, t, k.Public(), k)
	if err != nil {
		return nil, nil, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), nil
}
