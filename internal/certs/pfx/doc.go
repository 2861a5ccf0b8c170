// Package pfx reads and writes PKCS #12 files (RFC 7292), which Windows calls PFX:
// keys and certificates, encrypted by a password. It reads what OpenSSL, Windows,
// Java, NSS and GnuTLS write, BER and the old ciphers included, and bounds what a
// file may cost before its password is known to be right. It looks neither into
// keys nor into certificates. Begin with read.go and write.go.
package pfx
