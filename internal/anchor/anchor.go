// Package anchor has the programs of a system trust an authority, as an
// administrator would: it puts the certificate where the system keeps those of
// its administrator, and has the system take it in. Begin with Install.
package anchor

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"certwright/internal/files"
)

// A Store is where a system keeps the authorities that its administrator trusts.
type Store struct {
	dir    string   // of the certificates; "" where commands alone do it
	end    string   // of their names
	update []string // takes in what is there

	add, remove func(file, sha1 string) []string // where there is no folder
}

// stores are those of the systems that are known, the first that is there counts.
var stores = []Store{
	{dir: "usr/local/share/ca-certificates", end: ".crt", update: []string{"update-ca-certificates"}},           // Debian, Ubuntu, Alpine
	{dir: "etc/pki/ca-trust/source/anchors", end: ".pem", update: []string{"update-ca-trust"}},                  // Fedora, Red Hat
	{dir: "etc/pki/trust/anchors", end: ".pem", update: []string{"update-ca-certificates"}},                     // SUSE
	{dir: "etc/ca-certificates/trust-source/anchors", end: ".crt", update: []string{"trust", "extract-compat"}}, // Arch
}

var macOS = Store{
	add: func(file, _ string) []string {
		return []string{"security", "add-trusted-cert", "-d", "-r", "trustRoot", "-k", "/Library/Keychains/System.keychain", file}
	},
	remove: func(file, _ string) []string { return []string{"security", "remove-trusted-cert", "-d", file} },
}

var windows = Store{
	add:    func(file, _ string) []string { return []string{"certutil", "-addstore", "-f", "ROOT", file} },
	remove: func(_, sha1 string) []string { return []string{"certutil", "-delstore", "ROOT", sha1} },
}

// Find returns the store of the system whose files are below root.
func Find(root string) (Store, error) {
	switch runtime.GOOS {
	case "darwin":
		return macOS, nil
	case "windows":
		return windows, nil
	}
	for _, s := range stores {
		s.dir = filepath.Join(root, s.dir)
		if info, err := os.Stat(s.dir); err == nil && info.IsDir() {
			if root != "/" && s.update[0] == "update-ca-certificates" {
				s.update = below(root)
			}
			return s, nil
		}
	}
	return Store{}, errors.New("it is unknown where this system keeps the authorities that it trusts\nhint: SSL_CERT_FILE and the variables of certwright env have programs trust it; in a container the package ca-certificates brings the place")
}

// below is Debian's command for a system that is an image.
func below(root string) []string {
	command := []string{"update-ca-certificates"}
	for _, of := range [][2]string{{"certsconf", "etc/ca-certificates.conf"}, {"certsdir", "usr/share/ca-certificates"},
		{"localcertsdir", "usr/local/share/ca-certificates"}, {"etccertsdir", "etc/ssl/certs"}, {"hooksdir", "etc/ca-certificates/update.d"}} {
		command = append(command, "--"+of[0], filepath.Join(root, of[1]))
	}
	return command
}

// Install has the system trust the authority of a PEM file, and says what it did.
func (s Store) Install(file string) (done string, err error) {
	a, err := read(file)
	if err != nil {
		return "", err
	}
	if s.dir == "" {
		return "the system's trust", run(s.add(file, a.sha1))
	}
	to := s.file(a)
	if err := files.Replace(to, a.text, 0o644); err != nil {
		return "", fmt.Errorf("put the authority there: %w", err)
	}
	return to, run(s.update)
}

// Uninstall takes it away again. One that was not there is no error.
func (s Store) Uninstall(file string) (done string, err error) {
	a, err := read(file)
	if err != nil {
		return "", err
	}
	if s.dir == "" {
		return "the system's trust", run(s.remove(file, a.sha1))
	}
	from := s.file(a)
	if err := os.Remove(from); err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("take the authority away: %w", err)
	}
	if s.update[0] == "update-ca-certificates" {
		s.update = append(s.update[:len(s.update):len(s.update)], "--fresh") // links to what is gone go too
	}
	return from, run(s.update)
}

func (s Store) file(a authority) string {
	return filepath.Join(s.dir, "certwright-"+a.sha256[:16]+s.end)
}

// An authority is what is installed.
type authority struct {
	text         []byte // PEM
	sha256, sha1 string // of the certificate, in hex
}

// read returns the first certificate of a file, which must be an authority's.
func read(file string) (a authority, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return a, fmt.Errorf("read the authority: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return a, fmt.Errorf("%s holds no certificate in PEM", file)
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil || !c.IsCA {
		return a, fmt.Errorf("%s holds no authority", file)
	}
	long, short := sha256.Sum256(block.Bytes), sha1.Sum(block.Bytes) // Windows names certificates by the latter
	return authority{pem.EncodeToMemory(block), hex.EncodeToString(long[:]), hex.EncodeToString(short[:])}, nil
}

// run runs a command of the system, whose words are told where it fails.
func run(command []string) error {
	said, err := exec.Command(command[0], command[1:]...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("run %s: %w: %s", strings.Join(command, " "), err, bytes.TrimSpace(said))
	}
	return nil
}
